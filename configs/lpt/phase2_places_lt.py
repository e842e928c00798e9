"""LPT phase 2 on Places-LT: group prompts. Paper: arXiv 2210.01033.

Data:     62,500 training, 7,300 validation and 36,500 test images.
Command:  python tools/train.py configs/lpt/phase2_places_lt.py --amp
Hardware: one GPU with 24 GiB by estimate; memory was not measured yet.
Time:     77 s an epoch by estimate (bfloat16 at 100 TFLOP/s), not measured.
Published (authors' checkpoint): 50.07 overall, 49.27 many, 52.31 medium, 46.88 few.
"""

_base_ = "./phase1_places_lt.py"

phase1_work_dir = "work_dirs/phase1_places_lt"

model = dict(backbone=dict(frozen_prompts=True), neck=_base_.group_prompts)
