"""LPT phase 1 on CIFAR-100-LT (IR 100), from a classifier of class means.

Command:
  python tools/train.py configs/recipes/lpt_class_means_phase1_cifar100_lt_ir100.py \
      --amp
Run here: two steps on photographs.
"""

_base_ = "../lpt/phase1_cifar100_lt_ir100.py"

model = dict(head=dict(head_init="class_means"))
