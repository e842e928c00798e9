"""LPT phase 1 on CIFAR-100-LT, imbalance ratio 10: the shared prompt.

Paper:    arXiv 2210.01033.
Data:     19,573 training images, 500 to 50 per class; 10,000 test images.
Command:  python tools/train.py configs/lpt/phase1_cifar100_lt_ir10.py --amp
Time:     25 s an epoch by estimate (bfloat16 at 100 TFLOP/s), not measured.
"""

_base_ = "./phase1_cifar100_lt_ir100.py"

train_dataloader = dict(dataset=dict(dataset=dict(imbalance_ratio=10)))
