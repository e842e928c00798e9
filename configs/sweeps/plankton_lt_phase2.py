"""When does phase 2 help? Its pool, chosen on validation images, beside its controls.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/plankton_lt_phase2.py \
              --processes 2
"""

_bfloat16 = {"model.backbone.frozen_dtype": "bfloat16"}
_phase1 = "configs/lpt/phase1_plankton_lt.py"
_phase2 = dict(
    config="configs/lpt/phase2_plankton_lt.py", phase1="phase 1", options=_bfloat16
)
_centred = dict(key_init="kmeans", center=True)
_pools = [
    dict(),  # as the config has it
    dict(topk=1),
    dict(topk=4),
    dict(pool_size=5),
    dict(pool_size=40),
    dict(num_shared_layers=1),
    dict(num_shared_layers=5),
    dict(prompt_length=1),
    dict(prompt_length=10),
    dict(prompt_init="tokens"),
    dict(loss_weight=0.0),
    dict(choice_noise=0.1),
    dict(key_separation=1.0),
    dict(key_init="kmeans"),
    _centred,
    dict(_centred, frozen_keys=True),
    dict(_centred, matching="residual"),
    dict(_centred, matching="soft"),
]
_rate = "optim_wrapper.paramwise_cfg.custom_keys.neck.lr_mult"

seeds = [0]
folds = [0, 1, 2, 3, 4]
rows = {
    "phase 1": dict(config=_phase1, options=_bfloat16),
    "phase 1, epochs of both": dict(
        config=_phase1, options=_bfloat16 | {"train_cfg.max_epochs": 4}
    ),
    "phase 2": _phase2,
    "phase 2, rate of the pool": _phase2 | dict(search={_rate: [1, 3, 10, 30]}),
    "phase 2, pool": _phase2 | dict(search={"model.neck": _pools}),
}
compare = {
    row: ["phase 1, epochs of both", "phase 1"]
    for row in ("phase 2", "phase 2, rate of the pool", "phase 2, pool")
}
