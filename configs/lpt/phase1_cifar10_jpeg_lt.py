"""LPT phase 1 on CIFAR-10-LT, with a backbone pre-trained on the other images.

Paper:    arXiv 2210.01033.
Data:     2,478 training images, 1,000 to 10 per class; 10,000 test images.
          python tools/dataset_converters/cifar10_jpeg.py data/cifar10_jpeg
Backbone: the two commands of configs/pretrain/vit_cifar10_half.py
Command:  python tools/train.py configs/lpt/phase1_cifar10_jpeg_lt.py
"""

_base_ = [
    "../_base_/models/lpt_vit_cifar10_half.py",
    "../_base_/datasets/cifar10_jpeg_lt.py",
    "../_base_/schedules/lpt_sgd.py",
    "../_base_/default_runtime.py",
]

model = dict(head=dict(num_classes=10))
train_cfg = dict(max_epochs=5, val_interval=5)
auto_scale_lr = dict(base_batch_size=64)
default_hooks = dict(checkpoint=dict(interval=5), logger=dict(interval=10))
