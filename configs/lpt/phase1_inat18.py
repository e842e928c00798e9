"""LPT phase 1 on iNaturalist 2018: the shared prompt. Paper: arXiv 2210.01033.

Data:     437,513 training and 24,426 test images, 8,142 species.
Command:  python tools/train.py configs/lpt/phase1_inat18.py --amp
Hardware: one GPU with 24 GiB by estimate; memory was not measured yet.
Time:     10 min an epoch by estimate (bfloat16 at 100 TFLOP/s), not measured.
"""

_base_ = [
    "../_base_/models/lpt_vit_base.py",
    "../_base_/datasets/inat18.py",
    "../_base_/schedules/lpt_sgd.py",
    "../_base_/default_runtime.py",
]

model = dict(head=dict(num_classes=8142))
train_cfg = dict(max_epochs=80)
val_cfg = None
