"""Nearest class mean on CIFAR-100-LT, imbalance ratio 10.

On frozen features, without training.
Command: python tools/test.py configs/baselines/nearest_class_mean_cifar100_lt_ir10.py
"""

_base_ = "../lpt/phase1_cifar100_lt_ir10.py"

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
