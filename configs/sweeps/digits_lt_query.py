"""One pass or two on digits-LT: where the query comes from, accuracy and speed.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/digits_lt_query.py
"""

_phase2 = "configs/lpt/phase2_digits_lt.py"
_layer_k = {"model.neck.query": "layer_k"}
_kmeans = {**_layer_k, "model.neck.key_init": "kmeans"}

seeds = [0, 1, 2, 3, 4]
speed = True
rows = {
    "VPT-deep": dict(config="configs/baselines/vpt_deep_digits_lt.py"),
    "phase 1": dict(config="configs/lpt/phase1_digits_lt.py"),
    "phase 2, two passes": dict(config=_phase2, phase1="phase 1"),
    "phase 2, single pass": dict(config=_phase2, phase1="phase 1", options=_layer_k),
    "phase 2, single pass, k-means": dict(
        config=_phase2, phase1="phase 1", options=_kmeans
    ),
}
