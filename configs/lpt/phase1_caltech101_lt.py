"""LPT phase 1 on Caltech101-LT: the shared prompt. Paper: arXiv 2210.01033.

Data:     2,857 training images of 73 classes, 200 to 4 each; 1,282 test images.
          python tools/dataset_converters/prepare.py caltech101_lt
Command:  python tools/train.py configs/lpt/phase1_caltech101_lt.py
"""

_base_ = [
    "../_base_/models/lpt_vit_photos.py",
    "../_base_/datasets/caltech101_lt.py",
    "../_base_/schedules/lpt_sgd_photos.py",
    "../_base_/default_runtime.py",
]

model = dict(head=dict(num_classes=73))
train_cfg = dict(max_epochs=20)
default_hooks = dict(logger=dict(interval=20))
