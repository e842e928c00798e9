"""Pre-trainings of the backbone on plankton-LT: with labels, without, none at all.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/plankton_lt_backbones.py \
              --processes 2
"""

_base_ = "./plankton_lt.py"

_knn = "configs/baselines/knn_plankton_lt.py"
_phase1 = "configs/lpt/phase1_plankton_lt.py"
_phase2 = "configs/lpt/phase2_plankton_lt.py"
_bfloat16 = {"model.backbone.frozen_dtype": "bfloat16"}
_simclr = {"model.backbone.init_cfg.checkpoint": "lpt_mm:vit_photos_simclr"}
_random = {"model.backbone.init_cfg": None}


def _continue(**options):
    """Make a row of phase 2 on the backbone that was trained without labels."""
    return dict(
        config=_phase2,
        phase1="SimCLR, phase 1",
        options=_bfloat16 | _simclr | {"optim_wrapper.optimizer.lr": 0.003} | options,
    )


rows = dict(
    _delete_=True,
    **{
        "labels, K nearest neighbours": _base_.rows["K nearest neighbours"],
        "labels, phase 1": _base_.rows["phase 1"],
        "SimCLR, K nearest neighbours": dict(config=_knn, options=_simclr),
        "SimCLR, phase 1": dict(config=_phase1, options=_bfloat16 | _simclr),
        "SimCLR, phase 2": _continue(),
        "SimCLR, phase 2, no group prompts": _continue(**{"model.neck": None}),
        "random, K nearest neighbours": dict(config=_knn, options=_random),
        "random, phase 1": dict(config=_phase1, options=_bfloat16 | _random),
    },
)
columns = []
compare = dict(
    _delete_=True,
    **{
        "labels, phase 1": ["SimCLR, phase 1", "random, phase 1"],
        "SimCLR, phase 2": ["SimCLR, phase 2, no group prompts", "SimCLR, phase 1"],
        "SimCLR, phase 1": "random, phase 1",
    },
)
