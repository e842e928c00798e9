"""Does phase 2 help more with groups that keep apart? Chosen on validation images.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/plankton_lt_phase2.py \
              --processes 2
"""

_base_ = "./plankton_lt.py"

# Phase 2 as plankton_lt.py has chosen its rate.
_settled = dict(
    config="configs/lpt/phase2_plankton_lt.py",
    phase1="phase 1",
    options={"model.backbone.frozen_dtype": "bfloat16"},
)
_centred = dict(key_init="kmeans", center=True)
_pools = [
    dict(topk=2),  # as the config has it
    dict(key_init="kmeans"),
    _centred,
    dict(_centred, matching="residual"),
    dict(_centred, matching="soft"),
]
_controls = (
    "phase 1",
    "phase 2, no group prompts",
    "phase 1, epochs of both",
    "phase 1, tokens of both",
)

rows = dict(
    _delete_=True,
    **{name: _base_.rows[name] for name in _controls},
    **{
        "phase 2": _settled,
        "phase 2, best pool": _settled | dict(search={"model.neck": _pools}),
    },
)
columns = []
compare = dict(_delete_=True, **{"phase 2, best pool": ["phase 2", *_controls]})
