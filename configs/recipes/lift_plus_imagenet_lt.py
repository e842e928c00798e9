"""LIFT+ on ImageNet-LT, with CLIP's ViT-B/16: arXiv 2504.13282.

Start:     as lift_imagenet_lt.py
Command:   python tools/train.py configs/recipes/lift_plus_imagenet_lt.py --amp
Published: 77.0 overall for LIFT, LIFT+ in its paper; run here: two steps on
           photographs.
"""

_base_ = [
    "../_base_/models/lpt_vit_base_clip.py",
    "../_base_/datasets/imagenet_lt.py",
    "../_base_/schedules/lift_sgd.py",
    "../_base_/default_runtime.py",
    "../_base_/tunings/lift.py",
]

model = dict(
    backbone=_base_.tuning.backbone,
    head=dict(
        _base_.tuning.head,
        num_classes=1000,
        head_init="data/ImageNet_LT/text_classifier.safetensors",
    ),
)
train_pipeline = [
    dict(type="GrowingSquareCrop", scale=224),
    dict(type="PackInputs"),
]
train_dataloader = dict(
    batch_size=128,
    dataset=dict(dataset=dict(pipeline=train_pipeline)),
    sampler=dict(type="InstanceBalancedSampler"),
)
optim_wrapper = dict(optimizer=dict(lr=0.02))
custom_hooks = [dict(type="CropScheduleHook")]
train_cfg = dict(max_epochs=5)
default_hooks = dict(checkpoint=dict(save_best="long_tail/overall", rule="greater"))
