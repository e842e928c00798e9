"""What LPT gains on digits-LT over the usual ways; see docs/guide/quickstart.md.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/quickstart.py
"""

_baselines = "configs/baselines/{}_digits_lt.py"

seeds = [0]
rows = {
    "linear probe": dict(config=_baselines.format("linear_probe")),
    "VPT-deep": dict(config=_baselines.format("vpt_deep")),
    "phase 1": dict(config="configs/lpt/phase1_digits_lt.py"),
    "phase 2": dict(config="configs/lpt/phase2_digits_lt.py", phase1="phase 1"),
}
