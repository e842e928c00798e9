"""LIFT on CIFAR-100-LT (IR 100), with CLIP's ViT-B/16: arXiv 2309.10019.

Start:     python tools/model_converters/text_classifier.py --names NAMES.txt \
               --pretrained openai --out data/cifar100/text_classifier.safetensors
Command:   python tools/train.py configs/recipes/lift_cifar100_lt_ir100.py --amp
Published: 80.3 (81.7 with --tta); run here: two steps on photographs.
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
train_dataloader = dict(batch_size=128, sampler=dict(type="InstanceBalancedSampler"))
val_cfg = None
