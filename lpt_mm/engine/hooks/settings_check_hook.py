"""Settings that change what a model answers, though no weight shows them."""

from collections.abc import Mapping, Sequence

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch import nn

from lpt_mm.engine.classifier_of import classifier_of
from lpt_mm.engine.resume import to_json
from lpt_mm.weights.errors import WeightFileError

# By part of the model.
MODEL_SETTINGS = dict(
    backbone=("prompt_mode", "out_type", "final_norm"),
    neck=("topk", "query"),
    head=("scale",),
)
PREPROCESSOR = ("mean", "std", "to_rgb")
PIPELINE = "test_dataloader.dataset.pipeline"
# Of a pipeline: what decides which fields a sample has, and not how it looks.
PACKING = ("PackInputs",)


@HOOKS.register_module()
class SettingsCheckHook(Hook):
    """Refuse a checkpoint that is to be used with other settings than it was trained.

    Saved and compared are how images are prepared, and the settings of neck, head and
    backbone that change scores but no shape, such as ``model.neck.topk``.

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
        """Compare the settings.

        Args:
            runner: Loads the checkpoint, to train or to test.
            checkpoint: The checkpoint just read.

        Raises:
            WeightFileError: If a setting differs that is not allowed to.
        """
        trained = checkpoint.get("meta", {}).get("settings", {})
        own = find_settings(classifier_of(runner.model), runner.cfg)
        self.require_same(trained, own)

    def require_same(
        self, trained: Mapping[str, object], own: Mapping[str, object]
    ) -> None:
        """Compare the settings that are known on both sides.

        Args:
            trained: Those of a checkpoint.
            own: Those of a config.

        Raises:
            WeightFileError: If a setting differs that is not allowed to.
        """
        for name in sorted(trained.keys() & own.keys() - set(self.allow)):
            if trained[name] != own[name]:
                raise WeightFileError(
                    f"the checkpoint was trained with {name}="
                    f"{trained[name]!r}, the config has {own[name]!r}: "
                    "set it as in training, or allow the difference with "
                    f"default_hooks.settings_check.allow={name}"
                )


def find_settings(model: nn.Module, cfg: Config) -> dict[str, object]:
    """Find the settings that scores depend on.

    Args:
        model: The model.
        cfg: Config of the run, for how images are prepared; it may have nothing of it.

    Returns:
        The settings by name, as they are in JSON.
    """
    settings = {
        f"model.{part}.{name}": getattr(getattr(model, part), name)
        for part, names in MODEL_SETTINGS.items()
        for name in names
        if hasattr(getattr(model, part, None), name)
    }
    preprocessor = (cfg.get("model") or {}).get("data_preprocessor") or {}
    for name in PREPROCESSOR:
        if name in preprocessor:
            settings[f"model.data_preprocessor.{name}"] = preprocessor[name]
    loader = cfg.get("test_dataloader") or {}
    pipeline = loader.get("dataset", {}).get("pipeline")
    if pipeline is not None:
        settings[PIPELINE] = [t for t in pipeline if t["type"] not in PACKING]
    return to_json(settings)
