"""Pre-training of the embedded backbone on characters drawn from fonts.

Command:  python tools/train.py configs/pretrain/vit_glyphs.py
          python tools/model_converters/publish_backbone.py \
              work_dirs/vit_glyphs/epoch_20.pth lpt_mm/weights/vit_glyphs.pth
"""

_base_ = "../_base_/default_runtime.py"

model = dict(
    type="ImageClassifier",
    backbone=dict(
        type="VisionTransformer",
        arch=dict(embed_dims=64, num_layers=6, num_heads=4, feedforward_channels=256),
        img_size=8,
        patch_size=2,
        in_channels=1,
    ),
    head=dict(
        type="LinearClsHead",
        num_classes=52,
        in_channels=64,
        # No label smoothing: it gathers the classes so tightly that the features
        # serve other data less well (digits-LT: 3 to 4 points lower).
        loss=dict(type="CrossEntropyLoss"),
    ),
    data_preprocessor=dict(mean=[127.5], std=[127.5]),
)

pipeline = [dict(type="PackInputs")]
train_dataloader = dict(
    batch_size=256,
    num_workers=0,
    dataset=dict(type="RenderedGlyphs", num_images=30000, seed=0, pipeline=pipeline),
    sampler=dict(type="DefaultSampler", shuffle=True),
    collate_fn=dict(type="default_collate"),
)
val_dataloader = dict(
    batch_size=256,
    num_workers=0,
    dataset=dict(type="RenderedGlyphs", num_images=3000, seed=1, pipeline=pipeline),
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
)
val_evaluator = dict(type="Accuracy")

max_epochs = 20
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=10)
val_cfg = dict()
optim_wrapper = dict(optimizer=dict(type="AdamW", lr=3e-3, weight_decay=0.05))
param_scheduler = [
    dict(
        type="LinearLR",
        start_factor=0.04,
        end=3,
        convert_to_iter_based=True,
    ),
    dict(
        type="CosineAnnealingLR",
        begin=3,
        end=max_epochs,
        convert_to_iter_based=True,
    ),
]
