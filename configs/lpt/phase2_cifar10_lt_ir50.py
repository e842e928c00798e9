"""LPT phase 2 on CIFAR-10-LT, imbalance ratio 50: group prompts.

Paper:    arXiv 2210.01033.
Data:     13,996 training images, 5,000 to 100 per class; 10,000 test images.
Command:  python tools/train.py configs/lpt/phase2_cifar10_lt_ir50.py --amp
Time:     18 s an epoch by estimate (bfloat16 at 100 TFLOP/s), not measured.
"""

_base_ = "./phase1_cifar10_lt_ir50.py"

phase1_work_dir = "work_dirs/phase1_cifar10_lt_ir50"

model = dict(backbone=dict(frozen_prompts=True), neck=_base_.group_prompts)
