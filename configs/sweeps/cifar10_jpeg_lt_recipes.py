"""Other recipes beside LPT on CIFAR-10-LT, and LPT with parts of them.

Command:
    python tools/analysis_tools/sweep.py configs/sweeps/cifar10_jpeg_lt_recipes.py \
        --processes 2
"""

_recipe = "configs/recipes/{}_cifar10_jpeg_lt.py"
_phase1 = "configs/lpt/phase1_cifar10_jpeg_lt.py"
_phase2 = "configs/lpt/phase2_cifar10_jpeg_lt.py"
_crops = {"test_cfg.type": "EnsembleTestLoop"}

seeds = [0, 1, 2]
speed = True
columns = ["trained_parameters"]
compare = {"LIFT": "phase 2", "phase 2": "phase 1", "phase 2, five crops": "phase 2"}
rows = {
    "GDA": dict(config="configs/baselines/gda_cifar10_jpeg_lt.py"),
    "VPT-deep, GCL, re-weighting": dict(config=_recipe.format("vpt_deep_gcl_drw")),
    "GNM-PT": dict(config=_recipe.format("gnm_pt")),
    "LIFT": dict(config=_recipe.format("lift")),
    "LIFT+": dict(config=_recipe.format("lift_plus")),
    "phase 1": dict(config=_phase1),
    "phase 2": dict(config=_phase2, phase1="phase 1"),
    "phase 2, five crops": dict(tests="phase 2", options=_crops),
    "phase 1, class means": dict(config=_recipe.format("lpt_class_means_phase1")),
    "phase 2, class means": dict(
        config=_recipe.format("lpt_class_means_phase2"), phase1="phase 1, class means"
    ),
    "phase 1, AdaptFormer": dict(config=_recipe.format("lpt_adaptformer_phase1")),
    "phase 2, AdaptFormer": dict(
        config=_recipe.format("lpt_adaptformer_phase2"), phase1="phase 1, AdaptFormer"
    ),
}
