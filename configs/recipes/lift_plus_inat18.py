"""LIFT+ on iNaturalist 2018, with CLIP's ViT-B/16: arXiv 2504.13282.

Start:     as lift_inat18.py
Command:   python tools/train.py configs/recipes/lift_plus_inat18.py --amp
Published: 79.1 overall for LIFT, LIFT+ in its paper; run here: two steps on
           photographs.
"""

_base_ = [
    "../_base_/models/lpt_vit_base_clip.py",
    "../_base_/datasets/inat18.py",
    "../_base_/schedules/lift_sgd.py",
    "../_base_/default_runtime.py",
    "../_base_/tunings/lift.py",
]

model = dict(
    backbone=_base_.tuning.backbone,
    head=dict(
        _base_.tuning.head,
        num_classes=8142,
        head_init="data/iNaturalist18/text_classifier.safetensors",
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
train_cfg = dict(max_epochs=15)
val_cfg = None
