"""VPT-deep, GCL and deferred re-weighting on CIFAR-10-LT.

Command:  python tools/train.py configs/recipes/vpt_deep_gcl_drw_cifar10_jpeg_lt.py
Measured: docs/results.md
"""

_base_ = ["../lpt/phase1_cifar10_jpeg_lt.py", "../_base_/tunings/vpt_deep_gcl.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
optim_wrapper = dict(optimizer=dict(lr=0.02, weight_decay=1e-3))
custom_hooks = [dict(type="DeferredReweightHook", begin=4, beta=0.9998)]
