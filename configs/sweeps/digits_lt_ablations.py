"""Parts and settings of LPT on digits-LT, one changed at a time.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/digits_lt_ablations.py \
              --processes 2
"""

_phase1 = "configs/lpt/phase1_digits_lt.py"
_phase2 = "configs/lpt/phase2_digits_lt.py"
_neck = "model.neck."
_two = {_neck + "topk": 2}  # groups an image, as in the paper


def _phase2_with(start="phase 1", **options):
    return dict(config=_phase2, phase1=start, options={**_two, **options})


def _grid(key, values, options=_two):
    return dict(config=_phase2, phase1="phase 1", options=options, grid={key: values})


seeds = [0, 1, 2, 3, 4]
rows = {
    "phase 1": dict(config=_phase1),
    "phase 2, k = {}": _grid(_neck + "topk", [1, 2, 4], options={}),
    "k = 2, single pass": _phase2_with(**{_neck + "query": "layer_k"}),
    "k = 2, no key loss": _phase2_with(**{_neck + "loss_weight": 0.0}),
    "k = 2, keys from k-means": _phase2_with(**{_neck + "key_init": "kmeans"}),
    "k = 2, K = {}": _grid(_neck + "num_shared_layers", [0, 1, 5]),
    "k = 2, M = {}": _grid(_neck + "pool_size", [5, 40]),
    "k = 2, eta = {}": _grid("default_hooks.beta_schedule.eta", [0.0, 1.0]),
}
_longer = {"model.backbone.prompt_length": 4}
rows["phase 1, prompt length 4"] = dict(config=_phase1, options=_longer)
rows["k = 2, prompt length 4"] = _phase2_with(
    "phase 1, prompt length 4", **_longer, **{_neck + "prompt_length": 4}
)
_random = {"model.backbone.init_cfg": None}
rows["phase 1, random backbone"] = dict(config=_phase1, options=_random)
rows["k = 2, random backbone"] = _phase2_with("phase 1, random backbone", **_random)
