"""LIFT+ on CIFAR-100-LT (IR 100), with CLIP's ViT-B/16: arXiv 2504.13282.

Start:     as lift_cifar100_lt_ir100.py
Command:   python tools/train.py configs/recipes/lift_plus_cifar100_lt_ir100.py --amp
Published: 80.3 overall for LIFT, LIFT+ in its paper; run here: two steps on
           photographs.
"""

_base_ = [
    "../_base_/models/lpt_vit_base_clip.py",
    "../_base_/datasets/cifar100_lt.py",
    "../_base_/schedules/lift_sgd.py",
    "../_base_/default_runtime.py",
    "../_base_/tunings/lift.py",
]

model = dict(
    backbone=_base_.tuning.backbone,
    head=dict(
        _base_.tuning.head,
        num_classes=100,
        head_init="data/cifar100/text_classifier.safetensors",
    ),
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
