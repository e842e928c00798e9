"""Both phases of LPT trained jointly on Places-LT.

Command: python tools/train.py configs/baselines/joint_places_lt.py --amp
"""

_base_ = "../lpt/phase2_places_lt.py"

phase1_work_dir = None
model = dict(backbone=dict(frozen_prompts=False))
