"""LPT phase 1 on plankton-LT: the shared prompt. Paper: arXiv 2210.01033.

Data:     21,237 training images of 121 classes, 1,385 to 6 each; 6,067 test images.
          python tools/dataset_converters/prepare.py plankton_lt
Command:  python tools/train.py configs/lpt/phase1_plankton_lt.py
"""

_base_ = [
    "../_base_/models/lpt_vit_photos.py",
    "../_base_/datasets/plankton_lt.py",
    "../_base_/schedules/lpt_sgd_photos.py",
    "../_base_/default_runtime.py",
]

model = dict(head=dict(num_classes=121))
train_cfg = dict(max_epochs=2)
