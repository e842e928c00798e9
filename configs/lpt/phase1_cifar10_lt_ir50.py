"""LPT phase 1 on CIFAR-10-LT, imbalance ratio 50: the shared prompt.

Paper:    arXiv 2210.01033.
Data:     13,996 training images, 5,000 to 100 per class; 10,000 test images.
Command:  python tools/train.py configs/lpt/phase1_cifar10_lt_ir50.py --amp
Time:     19 s an epoch by estimate (bfloat16 at 100 TFLOP/s), not measured.
"""

_base_ = "./phase1_cifar10_lt_ir100.py"

train_dataloader = dict(dataset=dict(dataset=dict(imbalance_ratio=50)))
