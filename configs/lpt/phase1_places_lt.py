"""LPT phase 1 on Places-LT: the shared prompt. Paper: arXiv 2210.01033.

Command:  python tools/train.py configs/lpt/phase1_places_lt.py --amp
Hardware: one GPU with 24 GiB by estimate; neither memory nor time was measured yet.
"""

_base_ = [
    "../_base_/models/lpt_vit_base.py",
    "../_base_/datasets/places_lt.py",
    "../_base_/schedules/lpt_sgd.py",
    "../_base_/default_runtime.py",
]

model = dict(head=dict(num_classes=365))
