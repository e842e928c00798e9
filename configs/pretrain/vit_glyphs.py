"""Pre-training of the embedded backbone on characters drawn from fonts.

Command:  python tools/train.py configs/pretrain/vit_glyphs.py
          python tools/model_converters/publish_backbone.py \
              work_dirs/vit_glyphs/epoch_2.pth vit_glyphs.pth
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
        loss=dict(type="CrossEntropyLoss"),
    ),
    data_preprocessor=dict(mean=[127.5], std=[127.5]),
)

pipeline = [dict(type="PackInputs")]
# Many images twice rather than few images often: those would be learned by heart.
train_dataloader = dict(
    batch_size=256,
    num_workers=0,
    dataset=dict(type="RenderedGlyphs", num_images=120000, seed=0, pipeline=pipeline),
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

train_cfg = dict(type="ResumableTrainLoop", max_epochs=2)
val_cfg = dict()
optim_wrapper = dict(optimizer=dict(type="AdamW", lr=3e-3, weight_decay=0.05))
param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, by_epoch=False, end=140),
    dict(type="CosineAnnealingLR", by_epoch=False),
]
