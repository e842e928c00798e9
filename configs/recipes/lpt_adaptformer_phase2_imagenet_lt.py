"""LPT phase 2 on ImageNet-LT, with AdaptFormer beside the shared prompt.

Command:   python tools/train.py configs/recipes/lpt_adaptformer_phase2_imagenet_lt.py \
               --amp
Run here: two steps on photographs.
"""

_base_ = "./lpt_adaptformer_phase1_imagenet_lt.py"

phase1_work_dir = "work_dirs/lpt_adaptformer_phase1_imagenet_lt"

model = dict(backbone=dict(frozen_prompts=True), neck=_base_.group_prompts)
