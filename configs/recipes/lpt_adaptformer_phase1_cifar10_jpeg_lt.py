"""LPT phase 1 on CIFAR-10-LT, with AdaptFormer beside the shared prompt.

Command:
    python tools/train.py configs/recipes/lpt_adaptformer_phase1_cifar10_jpeg_lt.py
Measured: docs/results.md
"""

_base_ = "../lpt/phase1_cifar10_jpeg_lt.py"

model = dict(backbone=dict(tunings=[dict(type="AdaptFormer")]))
