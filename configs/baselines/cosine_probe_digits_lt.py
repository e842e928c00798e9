"""Cosine probe on digits-LT.

Command: python tools/train.py configs/baselines/cosine_probe_digits_lt.py
"""

_base_ = ["../lpt/phase1_digits_lt.py", "../_base_/tunings/cosine_probe.py"]

model = _base_.tuning
