"""From a config and its checkpoint to a pack."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn

from lpt_mm.datasets.training_images import class_names_of, pipeline_of
from lpt_mm.engine.crop_ensemble import CropEnsemble
from lpt_mm.engine.hooks.settings_check_hook import (
    SettingsCheckHook,
    find_settings,
    preprocessor_of,
)
from lpt_mm.engine.start import check_classes_of, check_start, require_checkpoint
from lpt_mm.engine.terminal_runner import build_runner
from lpt_mm.engine.testing import averages_crops, set_test
from lpt_mm.evaluation.metrics import shot_groups_of
from lpt_mm.evaluation.report import find_long_tail_metric, read_report
from lpt_mm.inference.balancing import describe_balancing
from lpt_mm.inference.components import check_components
from lpt_mm.models.heads.feature_bank_head import FeatureBankHead
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import require_new
from lpt_mm.utils.text import printable
from lpt_mm.weights.checks import find_misfit
from lpt_mm.weights.comparison import find_non_finite
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import leave_out_backbone
from lpt_mm.weights.pack import Pack
from lpt_mm.weights.reading import read_file
from lpt_mm.weights.skeleton import build_skeleton
from lpt_mm.weights.weights import Weights

# What a model is trained with, or made quicker by, and answers nothing with.
LEFT_OUT = {"compile", "head_init", "init_cfg", "pretrained", "prompt_init"}
LEFT_OUT |= {"train_cfg", "with_cp"}
ONLY_IN_TRAINING = {"batch_augments", "to_onehot", "num_classes"}


def publish(
    cfg: Config,
    checkpoint: str | os.PathLike | None,
    out: str | os.PathLike,
    report: str | None = None,
) -> None:
    """Write the pack of a config and its checkpoint.

    Args:
        cfg: As in :func:`make_pack`.
        checkpoint: As in :func:`make_pack`.
        out: File to write, ``NAME.safetensors``.
        report: As in :func:`make_pack`.

    Raises:
        OSError: If a file is missing, or the one to write exists.
        UserError: If config, checkpoint and report do not go together, or the config
            has what a pack cannot have.
    """
    require_new(out)
    pack = make_pack(cfg, checkpoint, report)
    check_components(pack)
    pack.save(out)


def make_pack(
    cfg: Config, checkpoint: str | os.PathLike | None, report: str | None = None
) -> Pack:
    """Put together what is needed to use a model.

    Args:
        cfg: The config of the model, from ``load_config``.
        checkpoint: Its checkpoint, of any kind that :func:`read_file` reads; None for a
            model without training, whose features of the training images are computed.
        report: JSON file of ``tools/test.py --out``, if there is one.

    Returns:
        The pack.

    Raises:
        OSError: If a file is missing.
        UserError: If config, checkpoint and report do not go together.
    """
    checkpoint = None if checkpoint is None else os.fspath(checkpoint)
    with DefaultScope.overwrite_default_scope("mmpretrain"):
        model = build_skeleton(cfg.model)
        if isinstance(model.head, FeatureBankHead):
            weights = _compute_bank(cfg, checkpoint)
        else:
            weights = _read_checkpoint(cfg, checkpoint, model)
    config = _plain(cfg.model)
    groups = shot_groups_of(cfg)
    pack = Pack(
        replace(weights, meta=_known_classes(weights.meta)),
        model={k: v for k, v in config.items() if k != "data_preprocessor"},
        data_preprocessor=_preprocessor(cfg),
        pipeline=_pipeline(cfg),
        convention=groups.convention,
        thresholds=list(groups.thresholds),
        balancing=describe_balancing(cfg, model, weights.meta.get("cls_num_list")),
        report=None if report is None else read_report(report),
        tta=_tta(cfg, model),
    )
    _check_report(pack, str(groups))
    return pack


def _read_checkpoint(cfg: Config, checkpoint: str | None, model: nn.Module) -> Weights:
    """Read a checkpoint, and refuse one that is not of the config."""
    if checkpoint is None:
        raise FileNotFoundError(
            "name the checkpoint: only a config without training has none"
        )
    require_checkpoint(checkpoint)
    weights = read_file(checkpoint)
    misfit = find_misfit(model, weights, new="") or find_non_finite(weights.tensors)
    if misfit is not None:
        raise WeightFileError(f"{checkpoint} {misfit}")
    if training := (cfg.get("train_dataloader") or {}).get("dataset"):
        check_classes_of(weights, class_names_of(training))
    options = (cfg.get("default_hooks") or {}).get("settings_check") or {}
    check = SettingsCheckHook(options.get("allow", ()))
    check.require_same(weights.meta.get("settings", {}), find_settings(model, cfg))
    return weights


def _compute_bank(cfg: Config, checkpoint: str | None) -> Weights:
    """Fill the bank of a model as before a test, whose checks it goes through."""
    set_test(cfg, checkpoint, "test")
    check_start(cfg, training=False)
    runner = build_runner(cfg)
    metric = find_long_tail_metric(runner.test_loop.evaluator)
    runner.call_hook("before_run")
    runner.load_or_resume()
    runner.call_hook("before_test")
    model, backbone = runner.model, runner.model.backbone
    state = {name: tensor.cpu() for name, tensor in model.state_dict().items()}
    identity = backbone.identity
    if backbone.frozen and backbone.source is not None:
        state = leave_out_backbone(state, identity)
    meta = dict(
        backbone=identity,
        cls_num_list=metric.cls_num_list,
        dataset_meta=runner.test_dataloader.dataset.metainfo,
        settings=find_settings(model, cfg),
    )
    return Weights(state, meta)


def _known_classes(meta: dict) -> dict:
    """Keep the names alone of what data sets say of themselves, which may be much."""
    classes = (meta.get("dataset_meta") or {}).get("classes")
    names = None if classes is None else dict(classes=list(classes))
    return meta | dict(dataset_meta=names)


def _plain(config: object) -> object:
    """Turn a config into what JSON has, without what answers nothing."""
    if isinstance(config, Mapping):
        return {k: _plain(v) for k, v in config.items() if k not in LEFT_OUT}
    if isinstance(config, list | tuple):
        return [_plain(value) for value in config]
    if isinstance(config, type):
        return config.__name__
    return json.loads(json.dumps(config, default=str))


def _pipeline(cfg: Config) -> list[dict]:
    if cfg.get("test_dataloader") is None:
        raise UserError("the config has no test_dataloader, and so no transforms")
    return _plain(pipeline_of(cfg.test_dataloader.dataset))


def _preprocessor(cfg: Config) -> dict:
    known = _plain(preprocessor_of(cfg) or {})
    kept = {k: v for k, v in known.items() if k not in ONLY_IN_TRAINING}
    return {"type": "ClsDataPreprocessor", **kept}


def _tta(cfg: Config, model: nn.Module) -> dict | None:
    """Say which crops the test of a config averages."""
    if not averages_crops(cfg):
        return None
    options = {k: v for k, v in cfg.test_cfg.items() if k not in ("type", "fp16")}
    return CropEnsemble.of(model.backbone, **options).facts()


def _check_report(pack: Pack, shot_groups: str) -> None:
    """Refuse the report of another model, as far as can be told."""
    if pack.report is None:
        return
    classes = pack.report["classes"]
    if pack.report["shot_groups"] != shot_groups:
        difference = f"shot groups {pack.report['shot_groups']}, and not {shot_groups}"
    elif [row["train_images"] for row in classes] != pack.cls_num_list:
        difference = "other counts of training images"
    elif [row["name"] for row in classes] != pack.class_names:
        difference = "other names of classes"
    elif pack.report.get("tta") != pack.tta:
        difference = "other test-time crops; test and publish both with --tta, or none"
    else:
        return
    raise UserError(f"the report is of another model than the checkpoint: {difference}")


def find_config(place: str) -> str:
    """Find the config of a run.

    Args:
        place: A config file, or the folder of a run, which has one.

    Returns:
        The config file.

    Raises:
        FileNotFoundError: If there is none, or more than one in the folder.
        UserError: If it is another file.
    """
    path = Path(place)
    if not path.is_dir():
        if path.is_file() and path.suffix not in (".py", ".json", ".yaml", ".yml"):
            raise UserError(
                f"'{printable(place)}' is no config: name the config, or the folder of "
                "the run, and then the checkpoint"
            )
        return place
    configs = sorted(path.glob("*.py"))
    if len(configs) != 1:
        raise FileNotFoundError(
            f"'{printable(place)}' has {len(configs)} configs: name the config file"
        )
    return str(configs[0])
