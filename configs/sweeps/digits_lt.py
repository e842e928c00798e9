"""All tunings on digits-LT.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/digits_lt.py --processes 2
"""

seeds = [0, 1, 2, 3, 4]
rows = {
    "K nearest neighbours": dict(config="configs/baselines/knn_digits_lt.py"),
    "nearest class mean": dict(
        config="configs/baselines/nearest_class_mean_digits_lt.py"
    ),
    "linear probe": dict(config="configs/baselines/linear_probe_digits_lt.py"),
    "cosine probe": dict(config="configs/baselines/cosine_probe_digits_lt.py"),
    "VPT-shallow": dict(config="configs/baselines/vpt_shallow_digits_lt.py"),
    "VPT-deep": dict(config="configs/baselines/vpt_deep_digits_lt.py"),
    "full fine-tuning": dict(config="configs/baselines/fine_tuning_digits_lt.py"),
    "LPT phase 1": dict(config="configs/lpt/phase1_digits_lt.py"),
    "LPT phase 2": dict(config="configs/lpt/phase2_digits_lt.py", phase1="LPT phase 1"),
    "both phases jointly": dict(config="configs/baselines/joint_digits_lt.py"),
}
