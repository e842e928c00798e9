"""VPT-shallow on iNaturalist 2018.

Command: python tools/train.py configs/baselines/vpt_shallow_inat18.py --amp
"""

_base_ = ["../lpt/phase1_inat18.py", "../_base_/tunings/vpt_shallow.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
