"""Cosine probe on CIFAR-10-LT (JPEG files).

Command: python tools/train.py configs/baselines/cosine_probe_cifar10_jpeg_lt.py
"""

_base_ = ["../lpt/phase1_cifar10_jpeg_lt.py", "../_base_/tunings/cosine_probe.py"]

model = _base_.tuning
optim_wrapper = dict(optimizer=dict(lr=0.005))
