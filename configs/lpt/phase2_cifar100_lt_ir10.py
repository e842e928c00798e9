"""LPT phase 2 on CIFAR-100-LT, imbalance ratio 10: group prompts.

Paper:    arXiv 2210.01033.
Data:     19,573 training images, 500 to 50 per class; 10,000 test images.
Command:  python tools/train.py configs/lpt/phase2_cifar100_lt_ir10.py --amp
Time:     24 s an epoch by estimate (bfloat16 at 100 TFLOP/s), not measured.
"""

_base_ = "./phase1_cifar100_lt_ir10.py"

phase1_work_dir = "work_dirs/phase1_cifar100_lt_ir10"

model = dict(backbone=dict(frozen_prompts=True), neck=_base_.group_prompts)
