"""GNM-PT on CIFAR-100-LT (IR 100): VPT-deep, GCL, re-weighting, noisy gradients.

Paper:     Gaussian Neighborhood Minimization for Prompt Tuning, NeurIPS 2024.
Command:   python tools/train.py configs/recipes/gnm_pt_cifar100_lt_ir100.py --amp
Published: 90.28; run here: two steps on photographs.
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
optim_wrapper = dict(type="GNMOptimWrapper")
custom_hooks = [dict(type="DeferredReweightHook", begin=59, beta=0.9998)]
val_cfg = None
