"""What the models of configs/sweeps/plankton_lt.py keep on images that are changed.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/plankton_lt_shift.py \
              --processes 2
"""

_tuned = dict(
    options={"model.backbone.frozen_dtype": "bfloat16"},
    search={"optim_wrapper.optimizer.lr": [0.01, 0.03, 0.1, 0.3]},
)
_random = _tuned | dict(search={"optim_wrapper.optimizer.lr": [0.03, 0.1, 0.3, 1.0]})
_phase2 = "configs/lpt/phase2_plankton_lt.py"
_models = {
    "linear probe": dict(
        config="configs/baselines/linear_probe_plankton_lt.py", **_random
    ),
    "LIFT": dict(config="configs/recipes/lift_plankton_lt.py", **_tuned),
    "phase 1": dict(config="configs/lpt/phase1_plankton_lt.py", **_tuned),
    "phase 2": dict(config=_phase2, phase1="phase 1", **_tuned),
}
_whole = dict(type="Resize", backend="pillow", interpolation="bicubic", scale=(64, 64))
_changes = {
    "blurred": [dict(type="GaussianBlur", radius=1.0, prob=1.0)],
    "inverted": [dict(type="Invert", prob=1.0)],
    "noisy": [dict(type="GaussianNoise", std=25)],
    "downscaled": [dict(_whole, scale=(32, 32)), _whole],
}

seeds = [0]
folds = [0, 1, 2, 3, 4]
rows = _models | {
    f"{name}, {change}": dict(
        tests=name,
        options={
            "test_dataloader.dataset.pipeline": [
                dict(type="LoadImage"),
                _whole,
                *transforms,
                dict(type="PackInputs"),
            ]
        },
    )
    for name in _models
    for change, transforms in _changes.items()
}
compare = {
    f"phase 2, {change}": [f"linear probe, {change}", f"phase 1, {change}"]
    for change in _changes
}
