"""ImageNet-LT: 1,000 classes, 115,846 training images; layout: docs/guide/data.md.

The validation list selects the checkpoint, the test list is for tools/test.py alone.
"""

_base_ = "./places_lt.py"

data_root = "data/ImageNet_LT/"
train_dataloader = dict(
    dataset=dict(dataset=dict(data_root=data_root, ann_file="ImageNet_LT_train.txt"))
)
val_dataloader = dict(dataset=dict(data_root=data_root, ann_file="ImageNet_LT_val.txt"))
test_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file="ImageNet_LT_test.txt")
)
