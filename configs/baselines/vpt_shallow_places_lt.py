"""VPT-shallow on Places-LT.

Command: python tools/train.py configs/baselines/vpt_shallow_places_lt.py --amp
"""

_base_ = ["../lpt/phase1_places_lt.py", "../_base_/tunings/vpt_shallow.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
