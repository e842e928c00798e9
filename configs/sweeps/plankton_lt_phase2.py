"""When does phase 2 help? Its pool, chosen on validation images, beside its controls.

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
    dict(topk=1),
    dict(topk=4),
    dict(pool_size=40),
    dict(num_shared_layers=1),
    dict(prompt_length=10),
    dict(key_separation=1.0),
    _centred,
    dict(_centred, matching="residual"),
    dict(_centred, matching="soft"),
    dict(query="layer_k"),
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
        # A group learns from the images that are matched with it, a tenth of them.
        "phase 2, rate of the pool": _settled
        | dict(
            search={"optim_wrapper.paramwise_cfg.custom_keys.neck.lr_mult": [1, 10, 30]}
        ),
        "phase 2, best pool": _settled | dict(search={"model.neck": _pools}),
    },
)
columns = []
compare = dict(
    _delete_=True,
    **{
        row: [*_controls]
        for row in ("phase 2", "phase 2, rate of the pool", "phase 2, best pool")
    },
)
