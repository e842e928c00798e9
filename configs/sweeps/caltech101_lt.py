"""A first model on photographs: Caltech101-LT, in five folds.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/caltech101_lt.py \
              --processes 2
"""

_baselines = "configs/baselines/{}_caltech101_lt.py"
_tuned = dict(
    options={"model.backbone.frozen_dtype": "bfloat16"},
    search={"optim_wrapper.optimizer.lr": [0.01, 0.03, 0.1, 0.3]},
)
_random = _tuned | dict(search={"optim_wrapper.optimizer.lr": [0.03, 0.1, 0.3, 1.0]})

seeds = [0]
folds = [0, 1, 2, 3, 4]
columns = ["ece", "trained_parameters", "seconds"]
rows = {
    "K nearest neighbours": dict(config=_baselines.format("knn")),
    "nearest class mean": dict(config=_baselines.format("nearest_class_mean")),
    "GDA": dict(config=_baselines.format("gda")),
    "linear probe": dict(config=_baselines.format("linear_probe"), **_random),
    "VPT-deep": dict(config=_baselines.format("vpt_deep"), **_random),
    "LIFT": dict(config="configs/recipes/lift_caltech101_lt.py", **_tuned),
    "phase 1": dict(config="configs/lpt/phase1_caltech101_lt.py", **_tuned),
    "phase 2": dict(
        config="configs/lpt/phase2_caltech101_lt.py", phase1="phase 1", **_tuned
    ),
}
compare = {"phase 1": ["linear probe", "VPT-deep", "LIFT"], "phase 2": "phase 1"}
