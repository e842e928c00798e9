"""Cosine probe on CIFAR-10-LT, imbalance ratio 50.

Command: python tools/train.py configs/baselines/cosine_probe_cifar10_lt_ir50.py --amp
"""

_base_ = ["../lpt/phase1_cifar10_lt_ir50.py", "../_base_/tunings/cosine_probe.py"]

model = _base_.tuning
