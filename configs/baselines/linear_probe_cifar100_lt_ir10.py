"""Linear probe on CIFAR-100-LT, imbalance ratio 10.

Command: python tools/train.py configs/baselines/linear_probe_cifar100_lt_ir10.py --amp
"""

_base_ = ["../lpt/phase1_cifar100_lt_ir10.py", "../_base_/tunings/linear_probe.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
