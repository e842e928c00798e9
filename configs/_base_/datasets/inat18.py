"""iNaturalist 2018: 8,142 classes, 437,513 training images, from its JSON files.

It has no validation list beside the one that all results are reported on, so nothing
selects a checkpoint: the last one is tested. Leaves set val_cfg=None for it.
"""

_base_ = "./places_lt.py"

data_root = "data/iNaturalist18/"
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            type="INaturalist18", data_root=data_root, ann_file="train2018.json"
        )
    )
)
val_dataloader = None
val_evaluator = None
test_dataloader = dict(
    dataset=dict(type="INaturalist18", data_root=data_root, ann_file="val2018.json")
)
