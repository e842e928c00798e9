"""LPT phase 1 on CIFAR-100-LT (IR 100), with AdaptFormer beside the shared prompt.

Command:
  python tools/train.py configs/recipes/lpt_adaptformer_phase1_cifar100_lt_ir100.py \
      --amp
Run here: two steps on photographs.
"""

_base_ = "../lpt/phase1_cifar100_lt_ir100.py"

model = dict(backbone=dict(tunings=[dict(type="AdaptFormer")]))
