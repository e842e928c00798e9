"""VPT-shallow on ImageNet-LT.

Command: python tools/train.py configs/baselines/vpt_shallow_imagenet_lt.py --amp
"""

_base_ = ["../lpt/phase1_imagenet_lt.py", "../_base_/tunings/vpt_shallow.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
