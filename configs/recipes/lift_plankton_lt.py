"""LIFT on plankton-LT, from class means. Paper: arXiv 2309.10019.

Command:  python tools/train.py configs/recipes/lift_plankton_lt.py
"""

_base_ = ["../lpt/phase1_plankton_lt.py", "../_base_/tunings/lift.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
optim_wrapper = dict(optimizer=dict(lr=0.1, weight_decay=5e-4))
train_cfg = dict(max_epochs=8)  # as many images as both phases of LPT draw
