"""LPT phase 2 on CIFAR-10-LT, from a classifier of class means.

Command:
    python tools/train.py configs/recipes/lpt_class_means_phase2_cifar10_jpeg_lt.py
Measured: docs/results.md
"""

_base_ = "./lpt_class_means_phase1_cifar10_jpeg_lt.py"

phase1_work_dir = "work_dirs/lpt_class_means_phase1_cifar10_jpeg_lt"

model = dict(backbone=dict(frozen_prompts=True), neck=_base_.group_prompts)
