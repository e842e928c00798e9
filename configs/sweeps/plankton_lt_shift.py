"""What the models of configs/sweeps/plankton_lt.py keep on images that are changed.

Command:  python tools/analysis_tools/sweep.py configs/sweeps/plankton_lt_shift.py \
              --processes 2
"""

_base_ = "./plankton_lt.py"

_whole = dict(type="Resize", backend="pillow", interpolation="bicubic", scale=(64, 64))
_models = ("linear probe", "LIFT", "phase 1", "phase 2")
_changes = {
    "blurred": [dict(type="GaussianBlur", radius=1.0, prob=1.0)],
    "inverted": [dict(type="Invert", prob=1.0)],
    "noisy": [dict(type="GaussianNoise", std=25)],
    "downscaled": [dict(_whole, scale=(32, 32)), _whole],
}

rows = dict(_delete_=True, **{name: _base_.rows[name] for name in _models})
for _name in _models:
    for _change, _transforms in _changes.items():
        _pipeline = [
            dict(type="LoadImage"),
            _whole,
            *_transforms,
            dict(type="PackInputs"),
        ]
        rows[f"{_name}, {_change}"] = dict(
            tests=_name, options={"test_dataloader.dataset.pipeline": _pipeline}
        )
columns = []
compare = dict(_delete_=True)
for _change in _changes:
    compare[f"phase 2, {_change}"] = [f"linear probe, {_change}", f"phase 1, {_change}"]
