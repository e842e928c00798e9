"""Prompts or AdaptFormer, trained as in LPT or as in LIFT, on as many images.

Each chooses its learning rate on validation images.
Command:  python tools/analysis_tools/sweep.py configs/sweeps/plankton_lt_tunings.py \
              --processes 2
"""

_phase1 = "configs/lpt/phase1_plankton_lt.py"
_lift = "configs/recipes/lift_plankton_lt.py"
_bfloat16 = {"model.backbone.frozen_dtype": "bfloat16"}
_two_streams = _bfloat16 | {"train_cfg.max_epochs": 4}
_prompts = {"model.backbone.prompt_mode": "deep", "model.backbone.tunings": []}
_adaptformer = {
    "model.backbone.prompt_mode": "none",
    "model.backbone.tunings": [dict(type="AdaptFormer")],
}


def _search(*rates):
    """Take rates, further ones where the first or the last was the best."""
    return {"optim_wrapper.optimizer.lr": [*rates]}


seeds = [0]
folds = [0, 1, 2, 3, 4]
columns = ["ece", "trained_parameters", "seconds"]
rows = {
    "prompts, trained as in LPT": dict(
        config=_phase1, options=_two_streams, search=_search(0.01, 0.03, 0.1)
    ),
    "prompts, trained as in LIFT": dict(
        config=_lift,
        options=_bfloat16 | _prompts,
        search=_search(0.01, 0.03, 0.1),
    ),
    "AdaptFormer, trained as in LPT": dict(
        config=_phase1,
        options=_two_streams | _adaptformer,
        search=_search(0.03, 0.1, 0.3),
    ),
    "AdaptFormer, trained as in LIFT": dict(
        config=_lift, options=_bfloat16, search=_search(0.03, 0.1, 0.3)
    ),
}
compare = {
    "AdaptFormer, trained as in LIFT": [
        "prompts, trained as in LIFT",
        "AdaptFormer, trained as in LPT",
        "prompts, trained as in LPT",
    ],
    "prompts, trained as in LIFT": "prompts, trained as in LPT",
    "AdaptFormer, trained as in LPT": "prompts, trained as in LPT",
}
