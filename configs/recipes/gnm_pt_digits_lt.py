"""GNM-PT on digits-LT: VPT-deep, GCL, re-weighting, noisy gradients.

Command:  python tools/train.py configs/recipes/gnm_pt_digits_lt.py
Measured: 92.4 % overall, 88.9 % few-shot (5 seeds).
"""

_base_ = "./vpt_deep_gcl_drw_digits_lt.py"

optim_wrapper = dict(type="GNMOptimWrapper")
