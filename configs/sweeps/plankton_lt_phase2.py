"""Does phase 2 help more with groups that keep apart, or learn faster? In five folds.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/plankton_lt_phase2.py \
              --processes 2
"""

_base_ = "./plankton_lt.py"

_rate = "optim_wrapper.paramwise_cfg.custom_keys.neck.lr_mult"
_distinct = dict(key_init="kmeans", center=True)
_residual = dict(_distinct, matching="residual")
_soft = dict(_distinct, matching="soft")


def _with(options):
    """Make a row of phase 2 with the rate that plankton_lt.py has chosen."""
    return dict(
        config="configs/lpt/phase2_plankton_lt.py",
        phase1="phase 1",
        options={"model.backbone.frozen_dtype": "bfloat16", **options},
    )


_pools = {
    "phase 2, k-means keys": _with({"model.neck": _distinct}),
    "phase 2, residual matching": _with({"model.neck": _residual}),
    "phase 2, soft matching": _with({"model.neck": _soft}),
    "phase 2, faster groups": _with({"model.neck": _residual, _rate: 10}),
}
_controls = ("phase 1", "phase 2, no group prompts")

rows = dict(
    _delete_=True,
    **{name: _base_.rows[name] for name in _controls},
    **{"phase 2": _with({}), **_pools},
)
columns = []
_against = ["phase 2, no group prompts", "phase 2"]
compare = dict(_delete_=True, **dict.fromkeys(_pools, _against))
