"""VPT-shallow on plankton-LT.

Command: python tools/train.py configs/baselines/vpt_shallow_plankton_lt.py
"""

_base_ = ["../lpt/phase1_plankton_lt.py", "../_base_/tunings/vpt_shallow.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
optim_wrapper = dict(optimizer=dict(lr=0.3))
