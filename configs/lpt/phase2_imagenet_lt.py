"""LPT phase 2 on ImageNet-LT: group prompts. Paper: arXiv 2210.01033.

Data:     115,846 training, 20,000 validation and 50,000 test images.
Command:  python tools/train.py configs/lpt/phase2_imagenet_lt.py --amp
Hardware: one GPU with 24 GiB by estimate; memory was not measured yet.
Time:     142 s an epoch by estimate (bfloat16 at 100 TFLOP/s), not measured.
"""

_base_ = "./phase1_imagenet_lt.py"

phase1_work_dir = "work_dirs/phase1_imagenet_lt"

model = dict(backbone=dict(frozen_prompts=True), neck=_base_.group_prompts)
