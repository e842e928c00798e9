"""LIFT on iNaturalist 2018, with CLIP's ViT-B/16: arXiv 2309.10019.

Start:     python tools/model_converters/text_classifier.py --names NAMES.txt \
               --pretrained openai --out data/iNaturalist18/text_classifier.safetensors
Command:   python tools/train.py configs/recipes/lift_inat18.py --amp
Published: 79.1; run here: two steps on photographs.
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
train_dataloader = dict(batch_size=128, sampler=dict(type="InstanceBalancedSampler"))
train_cfg = dict(max_epochs=20)
val_cfg = None
