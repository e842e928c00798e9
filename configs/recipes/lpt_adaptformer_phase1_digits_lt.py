"""LPT phase 1 on digits-LT, with AdaptFormer beside the shared prompt.

Command:  python tools/train.py configs/recipes/lpt_adaptformer_phase1_digits_lt.py
Measured: 92.1 % overall, 90.7 % few-shot (5 seeds).
"""

_base_ = "../lpt/phase1_digits_lt.py"

model = dict(backbone=dict(tunings=[dict(type="AdaptFormer")]))
