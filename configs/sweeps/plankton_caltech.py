"""Does phase 2 help where there are two domains? Plankton and photographs at once.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/plankton_caltech.py \
              --processes 2
"""

_bfloat16 = {"model.backbone.frozen_dtype": "bfloat16"}
_phase1 = "configs/lpt/phase1_plankton_caltech.py"
_phase2 = "configs/lpt/phase2_plankton_caltech.py"
_distinct = dict(key_init="kmeans", center=True, matching="residual")

seeds = [0]
folds = [0, 1, 2, 3, 4]
rows = {
    "phase 1": dict(config=_phase1, options=_bfloat16),
    "phase 2": dict(config=_phase2, phase1="phase 1", options=_bfloat16),
    "phase 2, distinct groups": dict(
        config=_phase2, phase1="phase 1", options=_bfloat16 | {"model.neck": _distinct}
    ),
    "phase 2, no group prompts": dict(
        config=_phase2,
        phase1="phase 1",
        options=_bfloat16 | {"model.neck": None, "optim_wrapper.optimizer.lr": 0.003},
    ),
}
compare = {
    row: ["phase 2, no group prompts", "phase 1"]
    for row in ("phase 2", "phase 2, distinct groups")
}
