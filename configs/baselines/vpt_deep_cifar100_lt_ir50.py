"""VPT-deep on CIFAR-100-LT, imbalance ratio 50.

Command: python tools/train.py configs/baselines/vpt_deep_cifar100_lt_ir50.py --amp
"""

_base_ = ["../lpt/phase1_cifar100_lt_ir50.py", "../_base_/tunings/vpt_deep.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
