"""LPT phase 2 on CIFAR-100-LT, imbalance ratio 100: group prompts.

Paper:    arXiv 2210.01033.
Data:     10,847 training images, 500 to 5 per class; 10,000 test images.
Command:  python tools/train.py configs/lpt/phase2_cifar100_lt_ir100.py --amp
Time:     13 s an epoch by estimate (bfloat16 at 100 TFLOP/s), not measured.
"""

_base_ = "./phase1_cifar100_lt_ir100.py"

phase1_work_dir = "work_dirs/phase1_cifar100_lt_ir100"

model = dict(backbone=dict(frozen_prompts=True), neck=_base_.group_prompts)
