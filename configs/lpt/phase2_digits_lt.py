"""LPT phase 2 on digits-LT: group prompts. Paper: arXiv 2210.01033.

Command:  python tools/train.py configs/lpt/phase2_digits_lt.py
Measured: 92.6 % overall, 91.8 % few-shot (5 seeds); 25 s on two CPU cores.
"""

_base_ = "./phase1_digits_lt.py"

phase1_work_dir = "work_dirs/phase1_digits_lt"

# Four groups an image: chosen on the validation set, ahead of two by chance only.
model = dict(
    backbone=dict(frozen_prompts=True),
    neck=dict(_base_.group_prompts, topk=4),
)
