"""VPT-deep on Caltech101-LT.

Command: python tools/train.py configs/baselines/vpt_deep_caltech101_lt.py
"""

_base_ = ["../lpt/phase1_caltech101_lt.py", "../_base_/tunings/vpt_deep.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
