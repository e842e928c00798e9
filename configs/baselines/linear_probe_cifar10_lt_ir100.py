"""Linear probe on CIFAR-10-LT, imbalance ratio 100.

Command: python tools/train.py configs/baselines/linear_probe_cifar10_lt_ir100.py --amp
"""

_base_ = ["../lpt/phase1_cifar10_lt_ir100.py", "../_base_/tunings/linear_probe.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
