"""LIFT+ on CIFAR-10-LT, from class means. Paper: arXiv 2504.13282.

Command:  python tools/train.py configs/recipes/lift_plus_cifar10_jpeg_lt.py
Measured: docs/results.md
"""

_base_ = ["../lpt/phase1_cifar10_jpeg_lt.py", "../_base_/tunings/lift.py"]

model = dict(
    backbone=_base_.tuning.backbone,
    head=dict(_base_.tuning.head, head_init="class_means"),
)
train_pipeline = [
    dict(type="GrowingSquareCrop", scale=24),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackInputs"),
]
train_dataloader = dict(
    dataset=dict(dataset=dict(pipeline=train_pipeline)),
    sampler=dict(type="InstanceBalancedSampler"),
)
custom_hooks = [dict(type="CropScheduleHook")]
optim_wrapper = dict(optimizer=dict(lr=0.001, weight_decay=5e-4))
