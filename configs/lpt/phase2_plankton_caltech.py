"""LPT phase 2 on two domains at once: group prompts. Paper: arXiv 2210.01033.

Command:  python tools/train.py configs/lpt/phase2_plankton_caltech.py
"""

_base_ = "./phase1_plankton_caltech.py"

phase1_work_dir = "work_dirs/phase1_plankton_caltech"

model = dict(backbone=dict(frozen_prompts=True), neck=_base_.group_prompts)
optim_wrapper = dict(optimizer=dict(lr=0.01))  # as on plankton-LT
