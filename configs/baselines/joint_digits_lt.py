"""Both phases of LPT trained jointly on digits-LT.

Command: python tools/train.py configs/baselines/joint_digits_lt.py
"""

_base_ = "../lpt/phase2_digits_lt.py"

phase1_work_dir = None
model = dict(backbone=dict(frozen_prompts=False))
