"""VPT-shallow on CIFAR-10-LT, imbalance ratio 50.

Command: python tools/train.py configs/baselines/vpt_shallow_cifar10_lt_ir50.py --amp
"""

_base_ = ["../lpt/phase1_cifar10_lt_ir50.py", "../_base_/tunings/vpt_shallow.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
