"""Cosine probe on iNaturalist 2018.

Command: python tools/train.py configs/baselines/cosine_probe_inat18.py --amp
"""

_base_ = ["../lpt/phase1_inat18.py", "../_base_/tunings/cosine_probe.py"]

model = _base_.tuning
