"""Domain shift: a model trained on ImageNet-LT on ImageNet-A.

Data:     7,500 photographs that ResNet-50 gets wrong, 200 classes; scored over these.
          data/imagenet_a/imagenet-a/ holds the class folders.
Command:  python tools/test.py configs/lpt/shift_imagenet_a.py CHECKPOINT
          with a checkpoint of phase2_imagenet_lt.py
"""

_base_ = "./shift_imagenet_sketch.py"

test_dataloader = dict(dataset=dict(data_root="data/imagenet_a/imagenet-a"))
