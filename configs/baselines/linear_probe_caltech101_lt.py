"""Linear probe on Caltech101-LT.

Command: python tools/train.py configs/baselines/linear_probe_caltech101_lt.py
"""

_base_ = ["../lpt/phase1_caltech101_lt.py", "../_base_/tunings/linear_probe.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
