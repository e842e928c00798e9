"""LIFT+ on CIFAR-100-LT (IR 100), on ImageNet-21k's ViT-B/16: arXiv 2504.13282.

Command:   python tools/train.py configs/recipes/lift_plus_in21k_cifar100_lt_ir100.py \
               --amp
Published: 89 to 90; run here: two steps on photographs.
"""

_base_ = [
    "../_base_/models/lpt_vit_base.py",
    "../_base_/datasets/cifar100_lt.py",
    "../_base_/schedules/lift_sgd.py",
    "../_base_/default_runtime.py",
    "../_base_/tunings/lift.py",
]

model = dict(
    backbone=_base_.tuning.backbone,
    head=dict(_base_.tuning.head, num_classes=100, head_init="class_means"),
    data_preprocessor=dict(to_rgb=False),
)
train_pipeline = [
    dict(type="GrowingSquareCrop", scale=224),
    dict(type="PackInputs"),
]
train_dataloader = dict(
    batch_size=128,
    dataset=dict(dataset=dict(dataset=dict(pipeline=train_pipeline))),
    sampler=dict(type="InstanceBalancedSampler"),
)
optim_wrapper = dict(optimizer=dict(lr=0.02))
custom_hooks = [dict(type="CropScheduleHook")]
train_cfg = dict(max_epochs=5)
val_cfg = None
