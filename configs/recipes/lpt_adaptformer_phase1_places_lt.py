"""LPT phase 1 on Places-LT, with AdaptFormer beside the shared prompt.

Command:   python tools/train.py configs/recipes/lpt_adaptformer_phase1_places_lt.py \
               --amp
Run here: two steps on photographs.
"""

_base_ = "../lpt/phase1_places_lt.py"

model = dict(backbone=dict(tunings=[dict(type="AdaptFormer")]))
