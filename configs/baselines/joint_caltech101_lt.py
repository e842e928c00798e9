"""Both phases of LPT trained jointly on Caltech101-LT.

Command: python tools/train.py configs/baselines/joint_caltech101_lt.py
"""

_base_ = "../lpt/phase2_caltech101_lt.py"

phase1_work_dir = None
model = dict(backbone=dict(frozen_prompts=False))
