"""LPT phase 1 on CIFAR-100-LT, imbalance ratio 100, with a classifier that starts at the class means.

Command:   python tools/train.py configs/recipes/lpt_class_means_phase1_cifar100_lt_ir100.py --amp
Published: nothing; run here: two steps on photographs.
"""

_base_ = "../lpt/phase1_cifar100_lt_ir100.py"

model = dict(head=dict(head_init="class_means"))
