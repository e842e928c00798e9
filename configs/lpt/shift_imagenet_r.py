"""Domain shift: a model trained on ImageNet-LT on ImageNet-R.

Data:     30,000 renditions of 200 classes; scored over these.
          data/imagenet_r/imagenet-r/ holds the class folders.
Command:  python tools/test.py configs/lpt/shift_imagenet_r.py CHECKPOINT
          with a checkpoint of phase2_imagenet_lt.py
"""

_base_ = "./shift_imagenet_sketch.py"

test_dataloader = dict(dataset=dict(data_root="data/imagenet_r/imagenet-r"))
