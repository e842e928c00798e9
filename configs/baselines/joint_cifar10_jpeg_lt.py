"""Both phases of LPT trained jointly on CIFAR-10-LT (JPEG files).

Command: python tools/train.py configs/baselines/joint_cifar10_jpeg_lt.py
"""

_base_ = "../lpt/phase2_cifar10_jpeg_lt.py"

phase1_work_dir = None
model = dict(backbone=dict(frozen_prompts=False))
