"""LPT phase 2 on ImageNet-LT, from a classifier of class means.

Command:   python tools/train.py configs/recipes/lpt_class_means_phase2_imagenet_lt.py \
               --amp
Run here: two steps on photographs.
"""

_base_ = "./lpt_class_means_phase1_imagenet_lt.py"

phase1_work_dir = "work_dirs/lpt_class_means_phase1_imagenet_lt"

model = dict(backbone=dict(frozen_prompts=True), neck=_base_.group_prompts)
