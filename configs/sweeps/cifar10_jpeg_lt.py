"""All tunings on CIFAR-10-LT, with a backbone pre-trained on the other images.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/cifar10_jpeg_lt.py \
              --processes 2
"""

_baselines = "configs/baselines/{}_cifar10_jpeg_lt.py"

seeds = [0, 1, 2]
compare = {"phase 1": ["cosine probe", "nearest class mean"], "phase 2": "phase 1"}
rows = {
    "K nearest neighbours": dict(config=_baselines.format("knn")),
    "nearest class mean": dict(config=_baselines.format("nearest_class_mean")),
    "linear probe": dict(config=_baselines.format("linear_probe")),
    "cosine probe": dict(config=_baselines.format("cosine_probe")),
    "VPT-shallow": dict(config=_baselines.format("vpt_shallow")),
    "VPT-deep": dict(config=_baselines.format("vpt_deep")),
    "full fine-tuning": dict(config=_baselines.format("fine_tuning")),
    "phase 1": dict(config="configs/lpt/phase1_cifar10_jpeg_lt.py"),
    "phase 2": dict(config="configs/lpt/phase2_cifar10_jpeg_lt.py", phase1="phase 1"),
    "both phases jointly": dict(config=_baselines.format("joint")),
}
