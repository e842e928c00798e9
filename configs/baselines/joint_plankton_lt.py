"""Both phases of LPT trained jointly on plankton-LT.

Command: python tools/train.py configs/baselines/joint_plankton_lt.py
"""

_base_ = "../lpt/phase2_plankton_lt.py"

phase1_work_dir = None
model = dict(backbone=dict(frozen_prompts=False))
optim_wrapper = dict(optimizer=dict(lr=0.03))  # as phase 1
