"""Nearest class mean on Caltech101-LT.

On frozen features, without training.
Command: python tools/test.py configs/baselines/nearest_class_mean_caltech101_lt.py
"""

_base_ = "../lpt/phase1_caltech101_lt.py"

model = dict(
    backbone=dict(prompt_mode="none"),
    head=dict(
        _delete_=True,
        type="NearestClassMeanHead",
        num_classes=_base_.model.head.num_classes,
    ),
)
custom_hooks = [dict(type="FeatureBankHook", train_dataloader=_base_.train_dataloader)]
train_dataloader = train_cfg = optim_wrapper = param_scheduler = None
