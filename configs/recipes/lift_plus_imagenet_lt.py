"""LIFT+ on ImageNet-LT, with CLIP's ViT-B/16: arXiv 2504.13282.

Start:     as lift_imagenet_lt.py
Command:   python tools/train.py configs/recipes/lift_plus_imagenet_lt.py --amp
Published: LIFT has 77.0, for LIFT+ see its paper; run here: two steps on
           photographs.
"""

_base_ = "./lift_imagenet_lt.py"

train_pipeline = [dict(type="GrowingSquareCrop", scale=224), dict(type="PackInputs")]
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
optim_wrapper = dict(optimizer=dict(lr=0.02))
custom_hooks = [dict(type="CropScheduleHook")]
train_cfg = dict(max_epochs=5)
