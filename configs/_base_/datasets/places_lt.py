"""Places-LT: 365 classes, 62,500 training images; layout: docs/guide/data.md.

The validation list selects the checkpoint, the test list is for tools/test.py alone.
"""

data_root = "data/Places_LT/"

train_pipeline = [
    dict(type="LoadRandomResizedCrop", scale=224),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackInputs"),
]
test_pipeline = [
    dict(type="LoadImage"),
    dict(type="Resize", scale=(256, 256), backend="pillow", interpolation="bilinear"),
    dict(type="CenterCrop", crop_size=224),
    dict(type="PackInputs"),
]

train_dataloader = dict(
    batch_size=64,  # of each sampling, on each GPU
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    dataset=dict(
        type="DualSamplerDataset",
        dataset=dict(
            type="SplitList",
            data_root=data_root,
            ann_file="Places_LT_train.txt",
            pipeline=train_pipeline,
        ),
    ),
    sampler=dict(type="DualSampler", round_up=False),  # as drop_last
    collate_fn=dict(type="dual_collate"),
)
val_dataloader = dict(
    batch_size=128,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    dataset=dict(
        type="SplitList",
        data_root=data_root,
        ann_file="Places_LT_val.txt",
        pipeline=test_pipeline,
    ),
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
)
test_dataloader = dict(
    batch_size=128,
    num_workers=8,
    pin_memory=True,
    dataset=dict(
        type="SplitList",
        data_root=data_root,
        ann_file="Places_LT_test.txt",
        pipeline=test_pipeline,
    ),
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
)
val_evaluator = dict(type="LongTailMetric", thresholds=(20, 100))
test_evaluator = val_evaluator
