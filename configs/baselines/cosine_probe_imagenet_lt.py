"""Cosine probe on ImageNet-LT.

Command: python tools/train.py configs/baselines/cosine_probe_imagenet_lt.py --amp
"""

_base_ = ["../lpt/phase1_imagenet_lt.py", "../_base_/tunings/cosine_probe.py"]

model = _base_.tuning
