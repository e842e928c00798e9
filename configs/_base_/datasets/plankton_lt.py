"""Plankton-LT: 121 classes of grey images under water, a natural long tail.

Each of the 30,336 images is a test image in one of five folds. Fold 0: 21,237 for
training, 1,385 to 6 per class, 3,032 for validation, 6,067 for the test. The lists are
written by tools/dataset_converters/prepare.py; --cfg-options fold=3 takes fold 3.
"""

fold = 0
data_root = "data/plankton_lt/"

train_pipeline = [
    dict(type="LoadImage"),
    # No random crops: how large a plankton is tells what it is.
    dict(type="Resize", scale=(64, 64), backend="pillow", interpolation="bicubic"),
    dict(type="RandomFlip", prob=0.5),
    dict(type="RandomFlip", prob=0.5, direction="vertical"),  # there is no up
    dict(type="PackInputs"),
]
test_pipeline = [
    dict(type="LoadImage"),
    dict(type="Resize", scale=(64, 64), backend="pillow", interpolation="bicubic"),
    dict(type="PackInputs"),
]

train_dataloader = dict(
    batch_size=64,  # of each sampling
    num_workers=0,
    drop_last=True,
    dataset=dict(
        type="DualSamplerDataset",
        dataset=dict(
            type="SplitList",
            data_root=data_root,
            ann_file="fold_{fold}/train.txt",
            fold=fold,
            pipeline=train_pipeline,
        ),
    ),
    sampler=dict(type="DualSampler", round_up=False),  # as drop_last
    collate_fn=dict(type="dual_collate"),
)
val_dataloader = dict(
    batch_size=256,
    num_workers=0,
    dataset=dict(
        type="SplitList",
        data_root=data_root,
        ann_file="fold_{fold}/val.txt",
        fold=fold,
        pipeline=test_pipeline,
    ),
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
)
test_dataloader = dict(
    batch_size=256,
    num_workers=0,
    dataset=dict(
        type="SplitList",
        data_root=data_root,
        ann_file="fold_{fold}/test.txt",
        fold=fold,
        pipeline=test_pipeline,
    ),
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
)
val_evaluator = dict(type="LongTailMetric", thresholds=(20, 100))
test_evaluator = val_evaluator
