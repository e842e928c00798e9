"""Digits-LT: comes with scikit-learn, nothing to download."""

train_pipeline = [
    dict(type="RandomCrop", crop_size=8, padding=1),
    dict(type="PackInputs"),
]
test_pipeline = [dict(type="PackInputs")]

train_dataloader = dict(
    batch_size=64,  # of each sampling
    num_workers=0,
    drop_last=True,
    dataset=dict(
        type="DualSamplerDataset",
        dataset=dict(type="DigitsLT", split="train", pipeline=train_pipeline),
    ),
    sampler=dict(type="DualSampler", round_up=False),  # as drop_last
    collate_fn=dict(type="dual_collate"),
)
val_dataloader = dict(
    batch_size=256,
    num_workers=0,
    dataset=dict(type="DigitsLT", split="val", pipeline=test_pipeline),
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
)
test_dataloader = dict(
    batch_size=256,
    num_workers=0,
    dataset=dict(type="DigitsLT", split="test", pipeline=test_pipeline),
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
)
val_evaluator = dict(type="LongTailMetric", thresholds=(15, 40))
test_evaluator = val_evaluator
