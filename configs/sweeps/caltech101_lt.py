"""A first model on photographs: Caltech101-LT, in five folds.

The settings are those of the backbone's model file and schedule; the centre crop alone
was chosen here, on validation images.
Command:  python tools/analysis_tools/sweep.py configs/sweeps/caltech101_lt.py \
              --processes 2
"""

_baselines = "configs/baselines/{}_caltech101_lt.py"

seeds = [0]
folds = [0, 1, 2, 3, 4]
columns = ["ece", "trained_parameters", "seconds"]
rows = {
    "K nearest neighbours": dict(config=_baselines.format("knn")),
    "nearest class mean": dict(config=_baselines.format("nearest_class_mean")),
    "GDA": dict(config=_baselines.format("gda")),
    "linear probe": dict(config=_baselines.format("linear_probe")),
    "LIFT": dict(config="configs/recipes/lift_caltech101_lt.py"),
    "phase 1": dict(config="configs/lpt/phase1_caltech101_lt.py"),
}
compare = {"phase 1": ["linear probe", "nearest class mean", "GDA", "LIFT"]}
