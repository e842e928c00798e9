"""Parts and settings of LPT on plankton-LT, one changed at a time, in five folds.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/plankton_lt_ablations.py \
              --processes 2
"""

_base_ = "./plankton_lt.py"

_phase1 = "configs/lpt/phase1_plankton_lt.py"
_phase2 = "configs/lpt/phase2_plankton_lt.py"
_joint = "configs/baselines/joint_plankton_lt.py"
_bfloat16 = {"model.backbone.frozen_dtype": "bfloat16"}
_both = _bfloat16 | {"train_cfg.max_epochs": 4}  # the epochs of both phases
_random = _bfloat16 | {"model.backbone.init_cfg": None}
_same = (
    "phase 1",
    "phase 1, epochs of both",
    "phase 2",
    "phase 2, no group prompts",
)


def _loss(name):
    """Name one loss instead of LPT's two."""
    return {
        "model.head.loss": dict(_delete_=True, type=name),
        "model.head.instance_loss": None,
    }


def _grid(key, *values):
    """Make rows of phase 2, one for each value of a setting of its groups."""
    return dict(
        config=_phase2,
        phase1="phase 1",
        options=_bfloat16,
        grid={f"model.neck.{key}": [*values]},
    )


rows = dict(
    _delete_=True,
    **{name: _base_.rows[name] for name in _same},
    **{
        "both phases jointly": dict(config=_joint, options=_both),
        "phase 1, cross-entropy": dict(
            config=_phase1, options=_bfloat16 | _loss("CrossEntropyLoss")
        ),
        "phase 1, GCL": dict(config=_phase1, options=_bfloat16 | _loss("GCLLoss")),
        "phase 1, random backbone": dict(config=_phase1, options=_random),
        "phase 2, k = {}": _grid("topk", 1, 4),
        "phase 2, K = {}": _grid("num_shared_layers", 0, 5),
        "phase 2, M = {}": _grid("pool_size", 5, 40),
        "phase 2, P = {}": _grid("prompt_length", 20),
    },
)
columns = []
_groups = ("k = 1", "k = 4", "K = 0", "K = 5", "M = 5", "M = 40", "P = 20")
_against = ["phase 2, no group prompts", "phase 2"]
compare = dict(
    _delete_=True,
    **{
        "both phases jointly": ["phase 2", "phase 1, epochs of both"],
        "phase 1, cross-entropy": "phase 1",
        "phase 1, GCL": "phase 1",
        "phase 1, random backbone": "phase 1",
    },
    **{f"phase 2, {setting}": _against for setting in _groups},
)
