"""LIFT on Caltech101-LT, from class means. Paper: arXiv 2309.10019.

Command:  python tools/train.py configs/recipes/lift_caltech101_lt.py
"""

_base_ = ["../lpt/phase1_caltech101_lt.py", "../_base_/tunings/lift.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
optim_wrapper = dict(optimizer=dict(weight_decay=5e-4))
