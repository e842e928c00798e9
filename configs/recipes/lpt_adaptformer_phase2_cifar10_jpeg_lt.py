"""LPT phase 2 on CIFAR-10-LT, with AdaptFormer beside the shared prompt.

Command:
    python tools/train.py configs/recipes/lpt_adaptformer_phase2_cifar10_jpeg_lt.py
Measured: docs/results.md
"""

_base_ = "./lpt_adaptformer_phase1_cifar10_jpeg_lt.py"

phase1_work_dir = "work_dirs/lpt_adaptformer_phase1_cifar10_jpeg_lt"

model = dict(backbone=dict(frozen_prompts=True), neck=_base_.group_prompts)
