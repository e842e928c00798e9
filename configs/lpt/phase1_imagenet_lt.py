"""LPT phase 1 on ImageNet-LT: the shared prompt. Paper: arXiv 2210.01033.

Data:     115,846 training, 20,000 validation and 50,000 test images.
Command:  python tools/train.py configs/lpt/phase1_imagenet_lt.py --amp
Hardware: one GPU with 24 GiB by estimate; memory was not measured yet.
Time:     152 s an epoch by estimate (bfloat16 at 100 TFLOP/s), not measured.
"""

_base_ = [
    "../_base_/models/lpt_vit_base.py",
    "../_base_/datasets/imagenet_lt.py",
    "../_base_/schedules/lpt_sgd.py",
    "../_base_/default_runtime.py",
]

model = dict(head=dict(num_classes=1000))
# The best epoch on the validation list is kept as best_long_tail_overall_*.pth.
default_hooks = dict(checkpoint=dict(save_best="long_tail/overall", rule="greater"))
