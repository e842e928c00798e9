"""Linear probe on CIFAR-10-LT (JPEG files).

Command: python tools/train.py configs/baselines/linear_probe_cifar10_jpeg_lt.py
"""

_base_ = ["../lpt/phase1_cifar10_jpeg_lt.py", "../_base_/tunings/linear_probe.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
optim_wrapper = dict(optimizer=dict(lr=0.1))
