"""Parts and settings of LPT on plankton-LT, one changed at a time, in five folds.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/plankton_lt_ablations.py \
              --processes 2
"""

_phase1 = "configs/lpt/phase1_plankton_lt.py"
_phase2 = "configs/lpt/phase2_plankton_lt.py"
_joint = "configs/baselines/joint_plankton_lt.py"
_bfloat16 = {"model.backbone.frozen_dtype": "bfloat16"}
_both = _bfloat16 | {"train_cfg.max_epochs": 4}  # the epochs of both phases
_random = _bfloat16 | {"model.backbone.init_cfg": None}
_neck = "model.neck."


def _loss(name):
    """Name one loss instead of LPT's two."""
    return {
        "model.head.loss": dict(_delete_=True, type=name),
        "model.head.instance_loss": None,
    }


def _grid(key, *values):
    """Make rows of phase 2, one for each value of a setting of its groups."""
    return dict(
        config=_phase2, phase1="phase 1", options=_bfloat16, grid={key: [*values]}
    )


seeds = [0]
folds = [0, 1, 2, 3, 4]
rows = {
    "phase 1": dict(config=_phase1, options=_bfloat16),
    "phase 2": dict(config=_phase2, phase1="phase 1", options=_bfloat16),
    "both phases jointly": dict(config=_joint, options=_both),
    "phase 1, cross-entropy": dict(
        config=_phase1, options=_bfloat16 | _loss("CrossEntropyLoss")
    ),
    "phase 1, GCL": dict(config=_phase1, options=_bfloat16 | _loss("GCLLoss")),
    "phase 2, k = {}": _grid(_neck + "topk", 1, 4),
    "phase 2, K = {}": _grid(_neck + "num_shared_layers", 0, 5),
    "phase 2, M = {}": _grid(_neck + "pool_size", 5, 40),
    "phase 1, random backbone": dict(config=_phase1, options=_random),
}
compare = {
    "both phases jointly": ["phase 2", "phase 1"],
    "phase 1, cross-entropy": "phase 1",
    "phase 1, GCL": "phase 1",
    "phase 1, random backbone": "phase 1",
}
for _setting in ("k = 1", "k = 4", "K = 0", "K = 5", "M = 5", "M = 40"):
    compare[f"phase 2, {_setting}"] = "phase 2"
