"""All tunings on digits-LT.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/digits_lt.py \
              --processes 2
"""

_baselines = "configs/baselines/{}_digits_lt.py"

seeds = [0, 1, 2, 3, 4]
rows = {
    "K nearest neighbours": dict(config=_baselines.format("knn")),
    "nearest class mean": dict(config=_baselines.format("nearest_class_mean")),
    "linear probe": dict(config=_baselines.format("linear_probe")),
    "cosine probe": dict(config=_baselines.format("cosine_probe")),
    "VPT-shallow": dict(config=_baselines.format("vpt_shallow")),
    "VPT-deep": dict(config=_baselines.format("vpt_deep")),
    "full fine-tuning": dict(config=_baselines.format("fine_tuning")),
    "phase 1": dict(config="configs/lpt/phase1_digits_lt.py"),
    "phase 2": dict(config="configs/lpt/phase2_digits_lt.py", phase1="phase 1"),
    "both phases jointly": dict(config=_baselines.format("joint")),
}
