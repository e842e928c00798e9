"""LPT phase 1 on CIFAR-100-LT, imbalance ratio 100: the shared prompt.

Paper:    arXiv 2210.01033.
Data:     10,847 training images, 500 to 5 per class; 10,000 test images.
Command:  python tools/train.py configs/lpt/phase1_cifar100_lt_ir100.py --amp
Time:     14 s an epoch by estimate (bfloat16 at 100 TFLOP/s), not measured.
"""

_base_ = [
    "../_base_/models/lpt_vit_base.py",
    "../_base_/datasets/cifar100_lt.py",
    "../_base_/schedules/lpt_sgd.py",
    "../_base_/default_runtime.py",
]

model = dict(head=dict(num_classes=100), data_preprocessor=dict(to_rgb=False))
val_cfg = None
