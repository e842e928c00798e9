"""Linear probe on plankton-LT.

Command: python tools/train.py configs/baselines/linear_probe_plankton_lt.py
"""

_base_ = ["../lpt/phase1_plankton_lt.py", "../_base_/tunings/linear_probe.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
optim_wrapper = dict(optimizer=dict(lr=1.0))
