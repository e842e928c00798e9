"""LPT phase 1 on Caltech101-LT, from a classifier of class means.

Command:  python tools/train.py configs/recipes/lpt_class_means_phase1_caltech101_lt.py
"""

_base_ = "../lpt/phase1_caltech101_lt.py"

model = dict(head=dict(head_init="class_means"))
