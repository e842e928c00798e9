"""GNM-PT on Places-LT: VPT-deep, GCL, re-weighting, noisy gradients.

Paper:     Gaussian Neighborhood Minimization for Prompt Tuning, NeurIPS 2024.
Command:   python tools/train.py configs/recipes/gnm_pt_places_lt.py --amp
Published: 50.1; run here: two steps on photographs.
"""

_base_ = [
    "../_base_/models/lpt_vit_base.py",
    "../_base_/datasets/places_lt.py",
    "../_base_/schedules/gnm_sgd.py",
    "../_base_/default_runtime.py",
    "../_base_/tunings/vpt_deep_gcl.py",
]

model = dict(
    backbone=_base_.tuning.backbone,
    head=dict(_base_.tuning.head, num_classes=365),
)
train_dataloader = dict(batch_size=128, sampler=dict(type="InstanceBalancedSampler"))
optim_wrapper = dict(type="GNMOptimWrapper")
custom_hooks = [dict(type="DeferredReweightHook", begin=59, beta=0.9998)]
default_hooks = dict(checkpoint=dict(save_best="long_tail/overall", rule="greater"))
