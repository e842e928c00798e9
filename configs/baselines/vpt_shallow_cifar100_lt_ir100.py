"""VPT-shallow on CIFAR-100-LT, imbalance ratio 100.

Command: python tools/train.py configs/baselines/vpt_shallow_cifar100_lt_ir100.py --amp
"""

_base_ = ["../lpt/phase1_cifar100_lt_ir100.py", "../_base_/tunings/vpt_shallow.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
