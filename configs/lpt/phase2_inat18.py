"""LPT phase 2 on iNaturalist 2018: group prompts. Paper: arXiv 2210.01033.

Data:     437,513 training and 24,426 test images, 8,142 species.
Command:  python tools/train.py configs/lpt/phase2_inat18.py --amp
Hardware: one GPU with 24 GiB by estimate; memory was not measured yet.
Time:     9 min an epoch by estimate (bfloat16 at 100 TFLOP/s), not measured.
"""

_base_ = "./phase1_inat18.py"

phase1_work_dir = "work_dirs/phase1_inat18"

model = dict(backbone=dict(frozen_prompts=True), neck=_base_.group_prompts)
