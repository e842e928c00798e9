"""LPT phase 1 on digits-LT, from a classifier of class means.

Command:  python tools/train.py configs/recipes/lpt_class_means_phase1_digits_lt.py
Measured: 92.4 % overall, 92.5 % few-shot (5 seeds).
"""

_base_ = "../lpt/phase1_digits_lt.py"

model = dict(head=dict(head_init="class_means"))
