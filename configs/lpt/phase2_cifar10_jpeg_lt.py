"""LPT phase 2 on CIFAR-10-LT, with a backbone pre-trained on the other images.

Paper:    arXiv 2210.01033.
Data:     2,478 training images, 1,000 to 10 per class; 10,000 test images.
Command:  python tools/train.py configs/lpt/phase2_cifar10_jpeg_lt.py
"""

_base_ = "./phase1_cifar10_jpeg_lt.py"

phase1_work_dir = "work_dirs/phase1_cifar10_jpeg_lt"

model = dict(backbone=dict(frozen_prompts=True), neck=_base_.group_prompts)
