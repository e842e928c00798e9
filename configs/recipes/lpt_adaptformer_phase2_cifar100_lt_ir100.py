"""LPT phase 2 on CIFAR-100-LT (IR 100), with AdaptFormer beside the shared prompt.

Command:
  python tools/train.py configs/recipes/lpt_adaptformer_phase2_cifar100_lt_ir100.py \
      --amp
Run here: two steps on photographs.
"""

_base_ = "./lpt_adaptformer_phase1_cifar100_lt_ir100.py"

phase1_work_dir = "work_dirs/lpt_adaptformer_phase1_cifar100_lt_ir100"

model = dict(backbone=dict(frozen_prompts=True), neck=_base_.group_prompts)
