"""Both phases of LPT trained jointly on CIFAR-100-LT, imbalance ratio 100.

Command: python tools/train.py configs/baselines/joint_cifar100_lt_ir100.py --amp
"""

_base_ = "../lpt/phase2_cifar100_lt_ir100.py"

phase1_work_dir = None
model = dict(backbone=dict(frozen_prompts=False))
