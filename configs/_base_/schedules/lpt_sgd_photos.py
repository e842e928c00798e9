"""The authors' optimizer for a small backbone and few epochs from class means.

The learning rate is that of 64 + 64 images a step, the warm-up a quarter of an epoch.
"""

_base_ = "./lpt_sgd.py"

optim_wrapper = dict(optimizer=dict(lr=0.03))
auto_scale_lr = dict(base_batch_size=64)
param_scheduler = [
    dict(type="WarmupLR", start_factor=1e-3, epochs=0.25, convert_to_iter_based=True),
    dict(type="CosineAnnealingLR", convert_to_iter_based=True),
]
