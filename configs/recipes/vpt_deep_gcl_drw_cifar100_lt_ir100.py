"""VPT-deep, GCL and deferred re-weighting on CIFAR-100-LT (IR 100).

Paper:     the baseline of GNM-PT, NeurIPS 2024.
Command:   python tools/train.py configs/recipes/vpt_deep_gcl_drw_cifar100_lt_ir100.py \
               --amp
Published: 89.58 overall; run here: two steps on photographs.
"""

_base_ = [
    "../_base_/models/lpt_vit_base.py",
    "../_base_/datasets/cifar100_lt.py",
    "../_base_/schedules/gnm_sgd.py",
    "../_base_/default_runtime.py",
    "../_base_/tunings/vpt_deep_gcl.py",
]

model = dict(
    backbone=_base_.tuning.backbone,
    head=dict(_base_.tuning.head, num_classes=100),
    data_preprocessor=dict(to_rgb=False),
)
train_dataloader = dict(batch_size=128, sampler=dict(type="InstanceBalancedSampler"))
custom_hooks = [dict(type="DeferredReweightHook", begin=59, beta=0.9998)]
val_cfg = None
