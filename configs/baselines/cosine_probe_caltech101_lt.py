"""Cosine probe on Caltech101-LT.

Command: python tools/train.py configs/baselines/cosine_probe_caltech101_lt.py
"""

_base_ = ["../lpt/phase1_caltech101_lt.py", "../_base_/tunings/cosine_probe.py"]

model = _base_.tuning
