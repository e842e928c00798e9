"""Caltech101-LT: 73 classes of photographs, made long-tailed.

Each of the 6,400 images is a test image in one of five folds. Fold 0: 2,857 for
training, 200 to 4 per class, 641 for validation, 1,282 for the test. The lists are
written by tools/dataset_converters/prepare.py, without the classes that Tiny ImageNet
has, too; --cfg-options fold=3 takes fold 3.
"""

_base_ = "./plankton_lt.py"

data_root = "data/caltech101_lt/"

# As tools/dataset_converters/new_dataset.py has it for this backbone.
train_pipeline = [
    dict(type="LoadImage"),
    # No random crops: the small backbone knows things by their size.
    dict(type="Resize", scale=(73, 73), backend="pillow", interpolation="bilinear"),
    dict(type="CenterCrop", crop_size=64),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackInputs"),
]
test_pipeline = [
    dict(type="LoadImage"),
    dict(type="Resize", scale=(73, 73), backend="pillow", interpolation="bilinear"),
    dict(type="CenterCrop", crop_size=64),
    dict(type="PackInputs"),
]
train_dataloader = dict(
    dataset=dict(dataset=dict(data_root=data_root, pipeline=train_pipeline))
)
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
