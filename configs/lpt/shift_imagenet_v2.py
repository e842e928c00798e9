"""Domain shift: a model trained on ImageNet-LT on ImageNetV2.

Data:     10,000 newly collected photographs of all 1,000 classes.
          data/imagenet_v2/imagenetv2-matched-frequency-format-val/ holds class folders.
Command:  python tools/test.py configs/lpt/shift_imagenet_v2.py CHECKPOINT
          with a checkpoint of phase2_imagenet_lt.py
"""

_base_ = "./shift_imagenet_sketch.py"

test_dataloader = dict(
    dataset=dict(data_root="data/imagenet_v2/imagenetv2-matched-frequency-format-val")
)
