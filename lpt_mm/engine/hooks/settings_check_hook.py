"""Settings that change what a model answers, though no weight shows them."""

import json
from collections.abc import Mapping, Sequence

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch import nn

from lpt_mm.engine.runner_state import classifier_of
from lpt_mm.weights.errors import WeightFileError

# By part of the model.
MODEL_SETTINGS = dict(
    backbone=("prompt_mode", "out_type", "final_norm"),
    neck=("topk", "query", "matching", "temperature"),
    head=("scale",),
)
PREPROCESSOR = ("mean", "std", "to_rgb")
PIPELINE = "test_dataloader.dataset.pipeline"
# Of a pipeline: what decides which fields a sample has, and not how it looks.
PACKING = ("PackInputs",)


@HOOKS.register_module()
class SettingsCheckHook(Hook):
    """Refuse a checkpoint that is to be used with other settings than it was trained.

    Saved and compared are how images are prepared, the settings of neck, head and
    backbone that change scores but no shape, such as ``model.neck.topk``, and the fold,
    since test images of one are training images of the others.

    Args:
        allow: Names of settings that may be others than in training, as in the error.
    """

    priority = "VERY_HIGH"

    def __init__(self, allow: Sequence[str] = ()) -> None:
        self.allow = (allow,) if isinstance(allow, str) else tuple(allow)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Save the settings."""
        model = classifier_of(runner.model)
        checkpoint["meta"]["settings"] = find_settings(model, runner.cfg)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse a setting that differs and is not allowed to."""
        trained = checkpoint.get("meta", {}).get("settings", {})
        own = find_settings(classifier_of(runner.model), runner.cfg)
        self.require_same(trained, own)

    def require_same(
        self, trained: Mapping[str, object], own: Mapping[str, object]
    ) -> None:
        """Refuse settings, known on both sides, that differ and are not allowed to."""
        for name in sorted(trained.keys() & own.keys() - set(self.allow)):
            if trained[name] != own[name]:
                raise WeightFileError(
                    f"the checkpoint was trained with {name}={trained[name]!r}, the "
                    f"config has {own[name]!r}: set it as in training, or allow the "
                    f"difference with default_hooks.settings_check.allow={name}"
                )


def find_settings(model: nn.Module, cfg: Config) -> dict[str, object]:
    """Find the settings that scores depend on, by name, as they are in JSON."""
    settings = {
        f"model.{part}.{name}": getattr(getattr(model, part), name)
        for part, names in MODEL_SETTINGS.items()
        for name in names
        if hasattr(getattr(model, part, None), name)
    }
    preprocessor, pipeline = find_preprocessing(cfg).values()
    for name in PREPROCESSOR:
        if name in (preprocessor or {}):
            settings[f"model.data_preprocessor.{name}"] = preprocessor[name]
    if pipeline is not None:
        settings[PIPELINE] = [t for t in pipeline if t["type"] not in PACKING]
    if cfg.get("fold") is not None:
        settings["fold"] = cfg.fold
    return to_json(settings)


def find_preprocessing(cfg: Config) -> dict:
    """Say how images have to be prepared for the model, as it is in JSON."""
    loader = cfg.get("test_dataloader") or {}
    found = dict(
        data_preprocessor=preprocessor_of(cfg),
        pipeline=loader.get("dataset", {}).get("pipeline"),
    )
    return to_json(found)


def preprocessor_of(cfg: Config) -> dict | None:
    """Find the data preprocessor, at the top of a config if not in its model."""
    model = cfg.get("model") or {}
    return model.get("data_preprocessor", cfg.get("data_preprocessor"))


def to_json(value: object) -> object:
    """Turn a part of a config into what comes back when it is saved and read."""
    return json.loads(json.dumps(value, default=str))
