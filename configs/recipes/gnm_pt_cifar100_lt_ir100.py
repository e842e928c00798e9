"""GNM-PT on CIFAR-100-LT (IR 100): VPT-deep, GCL, re-weighting, noisy gradients.

Paper:     Gaussian Neighborhood Minimization for Prompt Tuning, NeurIPS 2024.
Command:   python tools/train.py configs/recipes/gnm_pt_cifar100_lt_ir100.py --amp
Published: 90.28; run here: two steps on photographs.
"""

_base_ = "./vpt_deep_gcl_drw_cifar100_lt_ir100.py"

optim_wrapper = dict(type="GNMOptimWrapper")
