"""LIFT on CIFAR-10-LT, from class means. Paper: arXiv 2309.10019.

Command:  python tools/train.py configs/recipes/lift_cifar10_jpeg_lt.py
Measured: docs/results.md
"""

_base_ = ["../lpt/phase1_cifar10_jpeg_lt.py", "../_base_/tunings/lift.py"]

model = dict(
    backbone=_base_.tuning.backbone,
    head=dict(_base_.tuning.head, head_init="class_means"),
)
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
optim_wrapper = dict(optimizer=dict(lr=0.001, weight_decay=5e-4))
