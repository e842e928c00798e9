"""LPT phase 1 on ImageNet-LT, from a classifier of class means.

Command:   python tools/train.py configs/recipes/lpt_class_means_phase1_imagenet_lt.py \
               --amp
Run here: two steps on photographs.
"""

_base_ = "../lpt/phase1_imagenet_lt.py"

model = dict(head=dict(head_init="class_means"))
