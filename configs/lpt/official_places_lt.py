"""The checkpoint of LPT's authors on Places-LT (phase 2). Paper: arXiv 2210.01033.

Commands: python tools/model_converters/lpt_to_mm.py LPT_places.pth official.pth
          python tools/test.py configs/lpt/official_places_lt.py official.pth
Hardware: one GPU with 24 GiB by estimate; neither memory nor time was measured yet.
Published: 50.07 overall, 49.27 many, 52.31 medium, 46.88 few.
"""

_base_ = "./phase2_places_lt.py"

model = dict(
    # The authors' code computes LayerNorm with this eps, timm and mmpretrain with 1e-6.
    backbone=dict(norm_cfg=dict(type="LN", eps=1e-5), init_cfg=None)
)
