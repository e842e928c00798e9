"""Both phases of LPT trained jointly on ImageNet-LT.

Command: python tools/train.py configs/baselines/joint_imagenet_lt.py --amp
"""

_base_ = "../lpt/phase2_imagenet_lt.py"

phase1_work_dir = None
model = dict(backbone=dict(frozen_prompts=False))
