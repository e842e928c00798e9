"""LPT phase 1 on CIFAR-10-LT, from a classifier of class means.

Command:
    python tools/train.py configs/recipes/lpt_class_means_phase1_cifar10_jpeg_lt.py
Measured: docs/results.md
"""

_base_ = "../lpt/phase1_cifar10_jpeg_lt.py"

model = dict(head=dict(head_init="class_means"))
optim_wrapper = dict(optimizer=dict(lr=0.005))
