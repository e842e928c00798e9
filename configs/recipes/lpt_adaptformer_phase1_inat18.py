"""LPT phase 1 on iNaturalist 2018, with AdaptFormer beside the shared prompt.

Command:   python tools/train.py configs/recipes/lpt_adaptformer_phase1_inat18.py --amp
Run here: two steps on photographs.
"""

_base_ = "../lpt/phase1_inat18.py"

model = dict(backbone=dict(tunings=[dict(type="AdaptFormer")]))
