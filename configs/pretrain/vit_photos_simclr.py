"""Pre-training of the backbone on photographs without their labels, by SimCLR.

Paper:    A Simple Framework for Contrastive Learning, arXiv 2002.05709.
Data:     the training images of vit_photos.py, two views of each.
Command:  python tools/train.py configs/pretrain/vit_photos_simclr.py --amp
          python tools/model_converters/publish_backbone.py --half \
              work_dirs/vit_photos_simclr/epoch_8.pth vit_photos_simclr.safetensors
"""

_base_ = "./vit_photos.py"

model = dict(
    _delete_=True,
    type="SimCLR",
    backbone=_base_.model.backbone,
    neck=dict(
        type="NonLinearNeck",
        in_channels=192,
        hid_channels=1024,
        out_channels=128,
        with_avg_pool=False,
        norm_cfg=dict(type="BN1d"),
    ),
    head=dict(
        type="ContrastiveHead", loss=dict(type="CrossEntropyLoss"), temperature=0.2
    ),
    data_preprocessor=dict(
        type="SelfSupDataPreprocessor", mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True
    ),
)

# torchvision's: the hue of mmpretrain's ColorJitter overflows with numpy 2.
jitter = dict(
    type="torchvision/ColorJitter",
    brightness=0.4,
    contrast=0.4,
    saturation=0.4,
    hue=0.1,
)
view = [
    dict(type="RandomResizedCrop", scale=64, crop_ratio_range=(0.2, 1.0)),
    dict(type="RandomFlip", prob=0.5),
    dict(type="NumpyToPIL", to_rgb=True),
    dict(type="RandomApply", prob=0.8, transforms=[jitter]),
    dict(type="PILToNumpy", to_bgr=True),
    dict(type="RandomGrayscale", prob=0.2, keep_channels=True),
]
train_pipeline = [
    dict(type="LoadImage"),
    dict(type="MultiView", num_views=2, transforms=[view]),
    dict(type="PackInputs"),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = None
val_evaluator = None
val_cfg = None

train_cfg = dict(max_epochs=8)
default_hooks = dict(
    _delete_=True,
    **{k: v for k, v in _base_.default_hooks.items() if k != "class_count"},
)
