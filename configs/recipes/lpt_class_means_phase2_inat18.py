"""LPT phase 2 on iNaturalist 2018, from a classifier of class means.

Command:   python tools/train.py configs/recipes/lpt_class_means_phase2_inat18.py --amp
Run here: two steps on photographs.
"""

_base_ = "./lpt_class_means_phase1_inat18.py"

phase1_work_dir = "work_dirs/lpt_class_means_phase1_inat18"

model = dict(backbone=dict(frozen_prompts=True), neck=_base_.group_prompts)
