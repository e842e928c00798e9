"""LPT phase 1 on plankton and Caltech-101 at once. Paper: arXiv 2210.01033.

Data:     25,713 training images of 194 classes, 1,386 to 6 each; 7,350 test images.
          python tools/dataset_converters/prepare.py plankton_caltech
Command:  python tools/train.py configs/lpt/phase1_plankton_caltech.py
"""

_base_ = [
    "../_base_/models/lpt_vit_photos.py",
    "../_base_/datasets/plankton_caltech.py",
    "../_base_/schedules/lpt_sgd_photos.py",
    "../_base_/default_runtime.py",
]

model = dict(head=dict(num_classes=194))
train_cfg = dict(max_epochs=2)
