"""CIFAR-100-LT: mmpretrain fetches CIFAR-100 (161 MiB) at the first run.

There is no validation list, so nothing selects a checkpoint: the last one is tested.
Leaves set val_cfg=None for it, and to_rgb=False, since these images are RGB already.
"""

data_root = "data/cifar100/"
# The images are in memory: nothing is to be read from files.
train_pipeline = [
    dict(type="LoadRandomResizedCrop", scale=224),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackInputs"),
]
test_pipeline = [
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
            type="LongTailedSubset",
            imbalance_ratio=100,
            imbalance_type="exp",
            seed=0,
            dataset=dict(
                type="CIFAR100",
                data_root=data_root,
                split="train",
                pipeline=train_pipeline,
            ),
        ),
    ),
    sampler=dict(type="DualSampler", round_up=False),  # as drop_last
    collate_fn=dict(type="dual_collate"),
)
val_dataloader = None
val_evaluator = None
test_dataloader = dict(
    batch_size=128,
    num_workers=8,
    pin_memory=True,
    dataset=dict(
        type="CIFAR100", data_root=data_root, split="test", pipeline=test_pipeline
    ),
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
)
test_evaluator = dict(type="LongTailMetric", thresholds=(20, 100))
