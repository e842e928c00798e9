"""Full fine-tuning on Places-LT.

Command: python tools/train.py configs/baselines/fine_tuning_places_lt.py --amp
"""

_base_ = ["../lpt/phase1_places_lt.py", "../_base_/tunings/fine_tuning.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
