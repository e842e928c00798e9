"""LIFT on Places-LT, with CLIP's ViT-B/16: arXiv 2309.10019.

Start:     python tools/model_converters/text_classifier.py --names NAMES.txt \
               --pretrained openai --out data/Places_LT/text_classifier.safetensors
Command:   python tools/train.py configs/recipes/lift_places_lt.py --amp
Published: 51.5 (52.2 with --tta); run here: two steps on photographs.
"""

_base_ = [
    "../_base_/models/lpt_vit_base_clip.py",
    "../_base_/datasets/places_lt.py",
    "../_base_/schedules/lift_sgd.py",
    "../_base_/default_runtime.py",
    "../_base_/tunings/lift.py",
]

model = dict(
    backbone=_base_.tuning.backbone,
    head=dict(
        _base_.tuning.head,
        num_classes=365,
        head_init="data/Places_LT/text_classifier.safetensors",
    ),
)
train_dataloader = dict(batch_size=128, sampler=dict(type="InstanceBalancedSampler"))
default_hooks = dict(checkpoint=dict(save_best="long_tail/overall", rule="greater"))
