"""Nearest class mean on iNaturalist 2018.

On frozen features, without training.
Command: python tools/test.py configs/baselines/nearest_class_mean_inat18.py
"""

_base_ = "../lpt/phase1_inat18.py"

model = dict(
    backbone=dict(prompt_mode="none"),
    head=dict(
        _delete_=True,
        type="NearestClassMeanHead",
        num_classes=_base_.model.head.num_classes,
    ),
)
bank = dict(_base_.train_dataloader.dataset.dataset, pipeline=_base_.test_pipeline)
feature_bank = dict(
    type="FeatureBankHook", dataloader=dict(_base_.test_dataloader, dataset=bank)
)
custom_hooks = [feature_bank]
train_dataloader = train_cfg = optim_wrapper = param_scheduler = None
