"""GNM-PT on CIFAR-10-LT: VPT-deep, GCL, re-weighting, noisy gradients.

Command:  python tools/train.py configs/recipes/gnm_pt_cifar10_jpeg_lt.py
Measured: docs/results.md
"""

_base_ = "./vpt_deep_gcl_drw_cifar10_jpeg_lt.py"

optim_wrapper = dict(type="GNMOptimWrapper")
