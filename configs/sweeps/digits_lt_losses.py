"""Losses and samplings on digits-LT: the shared prompt with a cosine classifier.

With half the epochs of phase 1, since there are many of them.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/digits_lt_losses.py \
              --processes 2
"""

_config = "configs/lpt/phase1_digits_lt.py"
_epochs = {"train_cfg.max_epochs": 30}


def _with_loss(name, sampler="DualSampler"):
    options = {**_epochs, "train_dataloader.sampler.type": sampler}
    if name is not None:
        loss = dict(_delete_=True, type=name)
        options |= {"model.head.loss": loss, "model.head.instance_loss": None}
    return dict(config=_config, options=options)


seeds = [0, 1, 2, 3, 4]
rows = {
    "cross-entropy, dual": _with_loss("CrossEntropyLoss"),
    "focal, dual": _with_loss("SoftmaxFocalLoss"),
    "class-balanced, dual": _with_loss("ClassBalancedLoss"),
    "LDAM, dual": _with_loss("LDAMLoss"),
    "balanced softmax, dual": _with_loss("BalancedSoftmaxLoss"),
    # and so LogitAdjustedLoss, which is the same with tau = 1
    "GCL, dual": _with_loss("GCLLoss"),
    "asymmetric GCL, dual": _with_loss(None),  # the two of LPT, one for each stream
}
for _name, _type in {
    "instance-balanced": "InstanceBalancedSampler",
    "class-balanced": "ClassBalancedSampler",
    "square-root": "SquareRootSampler",
}.items():
    rows[f"asymmetric GCL, {_name}"] = _with_loss(None, _type)
