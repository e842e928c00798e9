"""Both phases of LPT trained jointly on CIFAR-10-LT, imbalance ratio 10.

Command: python tools/train.py configs/baselines/joint_cifar10_lt_ir10.py --amp
"""

_base_ = "../lpt/phase2_cifar10_lt_ir10.py"

phase1_work_dir = None
model = dict(backbone=dict(frozen_prompts=False))
