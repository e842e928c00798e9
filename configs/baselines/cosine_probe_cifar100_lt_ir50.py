"""Cosine probe on CIFAR-100-LT, imbalance ratio 50.

Command: python tools/train.py configs/baselines/cosine_probe_cifar100_lt_ir50.py --amp
"""

_base_ = ["../lpt/phase1_cifar100_lt_ir50.py", "../_base_/tunings/cosine_probe.py"]

model = _base_.tuning
