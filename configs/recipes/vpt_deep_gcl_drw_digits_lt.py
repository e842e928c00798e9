"""VPT-deep, GCL and deferred re-weighting on digits-LT.

Command:  python tools/train.py configs/recipes/vpt_deep_gcl_drw_digits_lt.py
Measured: 92.4 % overall, 88.9 % few-shot (5 seeds).
"""

_base_ = ["../lpt/phase1_digits_lt.py", "../_base_/tunings/vpt_deep_gcl.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
optim_wrapper = dict(optimizer=dict(lr=0.3, weight_decay=1e-3))
custom_hooks = [dict(type="DeferredReweightHook", begin=50, beta=0.9998)]
