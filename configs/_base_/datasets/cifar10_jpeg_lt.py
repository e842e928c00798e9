"""CIFAR-10-LT as JPEG files, 2,478 training images that no backbone has seen.

1,000 images of class 0 down to 10 of class 9, 2,000 for validation, 10,000 for the
test; tools/dataset_converters/cifar10_jpeg.py writes the lists. The images stay small,
for the backbone of configs/pretrain/vit_cifar10_half.py.
"""

data_root = "data/cifar10_jpeg/"
train_pipeline = [
    dict(type="LoadImage"),
    dict(type="RandomCrop", crop_size=24),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackInputs"),
]
test_pipeline = [
    dict(type="LoadImage"),
    dict(type="CenterCrop", crop_size=24),
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
            ann_file="train.txt",
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
        ann_file="val.txt",
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
        ann_file="test.txt",
        pipeline=test_pipeline,
    ),
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
)
val_evaluator = dict(type="LongTailMetric", thresholds=(20, 100))
test_evaluator = val_evaluator
