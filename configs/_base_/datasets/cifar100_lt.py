"""CIFAR-100-LT: mmpretrain fetches CIFAR-100 (161 MiB) at the first run.

There is no validation list, so nothing selects a checkpoint: the last one is tested.
Leaves set val_cfg=None for it, and to_rgb=False, since these images are RGB already.
"""

_base_ = "./places_lt.py"

data_root = "data/cifar100/"
# The images are in memory: nothing is to be read from files.
test_pipeline = _base_.test_pipeline[1:]
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            _delete_=True,
            type="LongTailedCIFAR100",
            data_root=data_root,
            imbalance_ratio=100,
            imbalance_type="exp",
            seed=0,
            pipeline=_base_.train_pipeline,
        )
    )
)
val_dataloader = None
val_evaluator = None
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type="CIFAR100",
        data_root=data_root,
        split="test",
        pipeline=test_pipeline,
    )
)
