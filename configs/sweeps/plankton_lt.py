"""LPT, the fair controls of phase 2 and other methods on plankton-LT, in five folds.

Each trained method chooses its learning rate on validation images.
Command:  python tools/analysis_tools/sweep.py configs/sweeps/plankton_lt.py \
              --processes 2
"""

_baselines = "configs/baselines/{}_plankton_lt.py"
_phase1 = "configs/lpt/phase1_plankton_lt.py"
_phase2 = "configs/lpt/phase2_plankton_lt.py"
_lift = "configs/recipes/lift_plankton_lt.py"
_bfloat16 = {"model.backbone.frozen_dtype": "bfloat16"}


def _search(*rates):
    """Take rates, further ones where the first or the last was the best."""
    return {"optim_wrapper.optimizer.lr": [*rates]}


_tuned = dict(options=_bfloat16, search=_search(0.01, 0.03, 0.1, 0.3))
# Heads that start at random need larger rates.
_random = _tuned | dict(search=_search(0.03, 0.1, 0.3, 1.0))
_both = _bfloat16 | {"train_cfg.max_epochs": 4}  # the epochs of both phases
_longest = _bfloat16 | {"train_cfg.max_epochs": 8}  # the images of both phases
_adjusted = _bfloat16 | {"model.head.loss.type": "LogitAdjustedLoss"}
_crops = {"test_cfg.type": "EnsembleTestLoop"}

seeds = [0]
folds = [0, 1, 2, 3, 4]
columns = ["ece", "trained_parameters", "seconds"]
rows = {
    "K nearest neighbours": dict(config=_baselines.format("knn")),
    "nearest class mean": dict(config=_baselines.format("nearest_class_mean")),
    "GDA": dict(config=_baselines.format("gda")),
    "linear probe": dict(
        config=_baselines.format("linear_probe"),
        options=_bfloat16,
        search=_search(0.03, 0.1, 0.3, 1.0, 3.0),
    ),
    "linear probe, logit adjustment": dict(
        config=_baselines.format("linear_probe"), **_random | dict(options=_adjusted)
    ),
    "cosine probe": dict(config=_baselines.format("cosine_probe"), **_tuned),
    "VPT-shallow": dict(config=_baselines.format("vpt_shallow"), **_random),
    "VPT-deep": dict(config=_baselines.format("vpt_deep"), **_random),
    "VPT-deep, images of both phases": dict(
        config=_baselines.format("vpt_deep"),
        options=_longest,
        search=_search(0.03, 0.1, 0.3),
    ),
    "full fine-tuning": dict(
        config=_baselines.format("fine_tuning"),
        search=_search(0.003, 0.01, 0.03),
    ),
    "LIFT": dict(
        config=_lift,
        options=_bfloat16 | {"train_cfg.max_epochs": 2},
        search=_search(0.01, 0.03, 0.1, 0.3),
    ),
    "LIFT, five crops": dict(tests="LIFT", options=_crops),
    "LIFT, images of both phases": dict(
        config=_lift,
        options=_bfloat16,
        search=_search(0.03, 0.1, 0.3),
    ),
    "phase 1": dict(config=_phase1, **_tuned),
    "phase 2": dict(
        config=_phase2,
        phase1="phase 1",
        options=_bfloat16,
        search=_search(0.003, 0.01, 0.03, 0.1, 0.3),
    ),
    "phase 2, five crops": dict(tests="phase 2", options=_crops),
    "phase 2, single pass": dict(
        config=_phase2,
        phase1="phase 1",
        options=_bfloat16 | {"model.neck.query": "layer_k"},
    ),
    # Phase 2 but for its groups: the classifier goes on, beside the prompts of phase 1.
    "phase 2, no group prompts": dict(
        config=_phase2,
        phase1="phase 1",
        options=_bfloat16 | {"model.neck": None},
        search=_search(0.003, 0.01, 0.03),
    ),
    "phase 1, epochs of both": dict(
        config=_phase1, options=_both, search=_search(0.01, 0.03, 0.1)
    ),
    "phase 1, tokens of both": dict(
        config=_phase1,
        options=_bfloat16 | {"model.backbone.prompt_length": 55},
        search=_search(0.03, 0.1, 0.3),
    ),
}
compare = {
    "phase 2": [
        "phase 2, no group prompts",
        "phase 1, epochs of both",
        "phase 1, tokens of both",
        "phase 1",
        "linear probe",
        "VPT-deep",
        "VPT-deep, images of both phases",
        "LIFT",
        "LIFT, images of both phases",
    ],
    "phase 2, single pass": "phase 2",
    "phase 1": ["cosine probe", "linear probe, logit adjustment", "LIFT", "GDA"],
    "phase 1, epochs of both": "phase 1",
    "LIFT": ["linear probe, logit adjustment", "cosine probe"],
    "LIFT, images of both phases": [
        "LIFT",
        "VPT-deep",
        "VPT-deep, images of both phases",
        "GDA",
    ],
    "VPT-deep, images of both phases": "VPT-deep",
    "phase 2, five crops": "phase 2",
    "LIFT, five crops": "LIFT",
}
