"""Domain shift: a model trained on ImageNet-LT on ImageNet-Sketch.

Data:     50,889 drawings of all 1,000 classes.
          data/imagenet_sketch/sketch/ holds the class folders.
Command:  python tools/test.py configs/lpt/shift_imagenet_sketch.py CHECKPOINT
          with a checkpoint of phase2_imagenet_lt.py
"""

_base_ = "./phase2_imagenet_lt.py"

test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type="ImageNetShift",
        data_root="data/imagenet_sketch/sketch",
        pipeline=_base_.test_pipeline,
    )
)
