"""LPT phase 2 on Caltech101-LT, from a classifier of class means.

Command:  python tools/train.py configs/recipes/lpt_class_means_phase2_caltech101_lt.py
"""

_base_ = "./lpt_class_means_phase1_caltech101_lt.py"

phase1_work_dir = "work_dirs/lpt_class_means_phase1_caltech101_lt"

model = dict(backbone=dict(frozen_prompts=True), neck=_base_.group_prompts)
