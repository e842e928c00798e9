"""Phase 2 beside phase 2 without groups: after cross-entropy, and for longer.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/plankton_lt_controls.py \
              --processes 2
"""

_base_ = "./plankton_lt.py"

_phase1 = "configs/lpt/phase1_plankton_lt.py"
_phase2 = "configs/lpt/phase2_plankton_lt.py"
_bfloat16 = {"model.backbone.frozen_dtype": "bfloat16"}
_cross_entropy = _bfloat16 | {
    "model.head.loss": dict(_delete_=True, type="CrossEntropyLoss"),
    "model.head.instance_loss": None,
}
_longer = _bfloat16 | {"train_cfg.max_epochs": 4}
_no_groups = {"model.neck": None}


def _continue(phase1, options, rates):
    """Make a row of phase 2 that starts from a row of phase 1."""
    search = {"optim_wrapper.optimizer.lr": rates}
    return dict(config=_phase2, phase1=phase1, options=options, search=search)


_rates = [0.003, 0.01, 0.03]
_same = ("phase 1", "phase 2", "phase 2, no group prompts")

rows = dict(
    _delete_=True,
    **{name: _base_.rows[name] for name in _same},
    **{
        "phase 1, cross-entropy": dict(config=_phase1, options=_cross_entropy),
        "phase 2, cross-entropy": _continue(
            "phase 1, cross-entropy", _cross_entropy, _rates
        ),
        "phase 2, cross-entropy, no group prompts": _continue(
            "phase 1, cross-entropy", _cross_entropy | _no_groups, _rates
        ),
        "phase 2, four epochs": _continue("phase 1", _longer, _rates[:2]),
        "phase 2, four epochs, no group prompts": _continue(
            "phase 1", _longer | _no_groups, _rates[:2]
        ),
    },
)
columns = []
compare = dict(
    _delete_=True,
    **{
        "phase 2, cross-entropy": [
            "phase 2, cross-entropy, no group prompts",
            "phase 1, cross-entropy",
        ],
        "phase 2, four epochs": [
            "phase 2, four epochs, no group prompts",
            "phase 2",
        ],
    },
)
