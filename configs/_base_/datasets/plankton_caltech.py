"""Plankton and Caltech-101 as one task: 194 classes of two domains, a natural tail.

Each of the 36,736 images is a test image in one of five folds. The lists are written by
tools/dataset_converters/prepare.py; --cfg-options fold=3 takes fold 3.
"""

_base_ = "./plankton_lt.py"

train_dataloader = dict(dataset=dict(dataset=dict(data_root="data/plankton_caltech/")))
val_dataloader = dict(dataset=dict(data_root="data/plankton_caltech/"))
test_dataloader = dict(dataset=dict(data_root="data/plankton_caltech/"))
