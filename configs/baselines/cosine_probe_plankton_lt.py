"""Cosine probe on plankton-LT.

Command: python tools/train.py configs/baselines/cosine_probe_plankton_lt.py
"""

_base_ = ["../lpt/phase1_plankton_lt.py", "../_base_/tunings/cosine_probe.py"]

model = _base_.tuning
