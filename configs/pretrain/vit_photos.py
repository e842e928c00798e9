"""Pre-training of the embedded backbone on photographs.

Data:     Tiny ImageNet, 200 classes, 64 x 64 pixels; data/tiny_imagenet/{train,val}.
          ImageNet's terms: non-commercial research.
Command:  python tools/train.py configs/pretrain/vit_photos.py --amp
          python tools/model_converters/publish_backbone.py --half \
              work_dirs/vit_photos/epoch_20.pth vit_photos.safetensors
"""

_base_ = "../_base_/default_runtime.py"

model = dict(
    type="ImageClassifier",
    backbone=dict(
        type="VisionTransformer",
        arch=dict(embed_dims=192, num_layers=6, num_heads=3, feedforward_channels=768),
        img_size=64,
        patch_size=16,
    ),
    head=dict(
        type="LinearClsHead",
        num_classes=200,
        in_channels=192,
        loss=dict(type="LabelSmoothLoss", label_smooth_val=0.1, mode="original"),
    ),
    data_preprocessor=dict(
        mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True, num_classes=200
    ),
    train_cfg=dict(augments=[dict(type="CutMix", alpha=1.0)], probs=[0.5]),
)

data_root = "data/tiny_imagenet/"
extensions = (".webp", ".jpeg")
train_pipeline = [
    dict(type="LoadImage"),
    dict(type="RandomResizedCrop", scale=64, crop_ratio_range=(0.35, 1.0)),
    dict(type="RandomFlip", prob=0.5),
    dict(type="RandomGrayscale", prob=0.1, keep_channels=True),
    dict(type="Brightness", magnitude=0.3, prob=0.5),
    dict(type="Contrast", magnitude=0.3, prob=0.5),
    dict(type="PackInputs"),
]
test_pipeline = [
    dict(type="LoadImage"),
    dict(type="PackInputs"),
]
train_dataloader = dict(
    batch_size=256,
    num_workers=1,
    persistent_workers=True,
    drop_last=True,
    dataset=dict(
        type="CustomDataset",
        data_root=data_root,
        data_prefix="train",
        extensions=extensions,
        pipeline=train_pipeline,
    ),
    sampler=dict(type="DefaultSampler", shuffle=True),
    collate_fn=dict(type="default_collate"),
)
val_dataloader = dict(
    batch_size=256,
    num_workers=0,
    dataset=dict(
        type="CustomDataset",
        data_root=data_root,
        data_prefix="val",
        extensions=extensions,
        pipeline=test_pipeline,
    ),
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
)
val_evaluator = dict(type="Accuracy")

train_cfg = dict(type="ResumableTrainLoop", max_epochs=20, val_interval=1)
val_cfg = dict()
# Matrices by orthogonalised momentum, the rest by AdamW.
optim_wrapper = dict(optimizer=dict(type="timm.optim.Muon", lr=2e-3, weight_decay=0.05))
param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, by_epoch=False, end=312),
    dict(type="CosineAnnealingLR", by_epoch=False),
]
