"""Both phases of LPT trained jointly on iNaturalist 2018.

Command: python tools/train.py configs/baselines/joint_inat18.py --amp
"""

_base_ = "../lpt/phase2_inat18.py"

phase1_work_dir = None
model = dict(backbone=dict(frozen_prompts=False))
