"""Pre-training on half of CIFAR-10, for CIFAR-10-LT on the other half.

Data:     25,000 images, balanced; tools/dataset_converters/cifar10_jpeg.py lists them.
Command:  python tools/train.py configs/pretrain/vit_cifar10_half.py
          python tools/model_converters/publish_backbone.py \
              work_dirs/vit_cifar10_half/epoch_25.pth data/cifar10_jpeg/vit_half.pth
"""

_base_ = "../_base_/default_runtime.py"

model = dict(
    type="ImageClassifier",
    backbone=dict(
        type="VisionTransformer",
        arch=dict(embed_dims=128, num_layers=6, num_heads=4, feedforward_channels=512),
        img_size=24,
        patch_size=4,
    ),
    head=dict(
        type="LinearClsHead",
        num_classes=10,
        in_channels=128,
        loss=dict(type="CrossEntropyLoss"),
    ),
    data_preprocessor=dict(mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True),
)

data_root = "data/cifar10_jpeg/"
train_dataloader = dict(
    batch_size=128,
    num_workers=1,
    persistent_workers=True,
    dataset=dict(
        type="SplitList",
        data_root=data_root,
        ann_file="pretrain.txt",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="RandomCrop", crop_size=24),
            dict(type="RandomFlip", prob=0.5),
            dict(type="PackInputs"),
        ],
    ),
    sampler=dict(type="DefaultSampler", shuffle=True),
    collate_fn=dict(type="default_collate"),
)
val_dataloader = dict(
    batch_size=256,
    num_workers=0,
    dataset=dict(
        type="SplitList",
        data_root=data_root,
        ann_file="val.txt",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="CenterCrop", crop_size=24),
            dict(type="PackInputs"),
        ],
    ),
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
)
val_evaluator = dict(type="Accuracy")

train_cfg = dict(type="ResumableTrainLoop", max_epochs=25, val_interval=5)
val_cfg = dict()
optim_wrapper = dict(optimizer=dict(type="AdamW", lr=1e-3, weight_decay=0.05))
param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, by_epoch=False, end=390),
    dict(type="CosineAnnealingLR", by_epoch=False),
]
