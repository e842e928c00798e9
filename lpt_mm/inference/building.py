"""From a pack to its classifier."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from types import SimpleNamespace

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.registry import MODELS
from torch import nn
from torch.nn.modules.module import register_module_module_registration_hook

from lpt_mm.models.heads.feature_bank_head import FeatureBankHead
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.checks import find_misfit
from lpt_mm.weights.comparison import find_non_finite
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import (
    BACKBONE,
    IDENTITY,
    POSITIONS,
    compare_backbones,
    describe_backbone,
)
from lpt_mm.weights.pack import Pack
from lpt_mm.weights.pretrained_vit import fit_backbone
from lpt_mm.weights.sources import PACKAGED, read_weights

# What configs/_base_/models/ start from: timm fetches these on the word of a pack. All
# other sources are the user's to name.
KNOWN_SOURCES = (
    "timm:vit_base_patch16_224.augreg_in21k",
    "timm:vit_base_patch16_clip_quickgelu_224.openai",
    "timm:vit_base_patch14_dinov2.lvd142m",
)
MOST_PATCHES = 2**14
MOST_MODULES = 10_000  # the largest models of mmpretrain have some 1,200
BANK, BANK_LABEL = "head.bank", "head.bank_label"


def find_source(pack: Pack, given: str | None = None) -> str | None:
    """Decide where the backbone of a pack is read from.

    Args:
        pack: The pack.
        given: What the user says, a file or another source of ``PretrainedViT``.

    Returns:
        The source; None if the pack has its backbone with it.

    Raises:
        UserError: If the pack has its backbone with it, and another is given.
        WeightFileError: If the user has to name a file.
    """
    if not pack.weights.is_light:
        if given is not None:
            raise UserError(
                f"{pack.source} has its backbone with it, and takes no other: leave "
                "out --backbone (backbone)"
            )
        return None
    trained = pack.weights.identity
    source = given or trained.get("source")
    if given or str(source).startswith(PACKAGED) or source in KNOWN_SOURCES:
        return source
    raise WeightFileError(
        f"{pack.source} needs {describe_backbone(trained)}: name its file with "
        "--backbone FILE (backbone=FILE)"
    )


def build_model(
    pack: Pack, backbone: str | None = None, frozen_dtype: str | None = None
) -> ImageClassifier:
    """Build the classifier of a pack, in evaluation mode, on the CPU.

    Args:
        pack: The pack; of one from a file the components have been checked.
        backbone: As ``given`` in :func:`find_source`.
        frozen_dtype: As of ``PromptedViT``; that of training by default.

    Returns:
        The classifier.

    Raises:
        UserError: If the settings do not go together.
        WeightFileError: If the weights, or those of the backbone, cannot be had or do
            not fit.
    """
    source = find_source(pack, backbone)
    config = config_of(pack, frozen_dtype)
    if source is not None:
        init_cfg = dict(type="PretrainedViT", checkpoint=source)
        config["backbone"]["init_cfg"] = init_cfg
    with DefaultScope.overwrite_default_scope("mmpretrain"):
        skeleton = build_fitting(pack, config)
        if source is not None:
            fit_backbone(skeleton.backbone, read_weights(source, fetch=False))
        model = MODELS.build(config)
        if source is not None:
            _load_backbone(model.backbone, pack, source)
    return complete(model, pack)


def config_of(pack: Pack, frozen_dtype: str | None = None) -> dict:
    """Give the config of a pack's classifier, which may be changed.

    Args:
        pack: The pack.
        frozen_dtype: As in :func:`build_model`.

    Returns:
        The config.
    """
    config = pack.model | dict(data_preprocessor=pack.data_preprocessor)
    config = copy.deepcopy(config)  # some components change what they are built from
    if frozen_dtype is not None:
        config["backbone"]["frozen_dtype"] = frozen_dtype
    return config


def build_fitting(pack: Pack, config: dict) -> ImageClassifier:
    """Build a model without values, so that what does not fit takes no memory.

    Args:
        pack: The pack.
        config: Config of its classifier.

    Returns:
        The classifier, on the device ``meta``.

    Raises:
        WeightFileError: If it cannot be built, or the tensors of the pack do not fit.
    """
    model = _build_skeleton(pack, config)
    tensors = pack.weights.tensors
    if isinstance(model.head, FeatureBankHead):
        bank = tensors.get(BANK)
        with torch.device("meta"):
            model.head.make_room(len(bank) if bank is not None and bank.ndim else 0)
    misfit = find_misfit(model, pack.weights, new="") or find_non_finite(tensors)
    if misfit is not None:
        raise WeightFileError(f"{pack.source} {misfit}")
    if BANK_LABEL in tensors:
        label = tensors[BANK_LABEL]
        if len(label) == 0 or label.min() < 0 or label.max() >= pack.num_classes:
            raise WeightFileError(f"{pack.source} has features of no class")
    # All else has the sizes of tensors that there are.
    positions = getattr(model.backbone, POSITIONS, None)
    if positions is not None and positions.shape[1] > MOST_PATCHES:
        raise WeightFileError(
            f"{pack.source} takes images of {positions.shape[1]:,} patches"
        )
    return model


def _build_skeleton(pack: Pack, config: dict) -> ImageClassifier:
    """Build the model without values, whatever its config says."""
    try:
        with torch.device("meta"), _limited_modules():
            model = MODELS.build(config)
    except UserError:
        raise
    except Exception as error:  # arguments that come out of a file
        raise WeightFileError(
            f"{pack.source} has the config of a model that cannot be built "
            f"({type(error).__name__}: {str(error)[:200]})"
        ) from error
    if not isinstance(model, ImageClassifier) or not model.with_head:
        raise WeightFileError(f"{pack.source} is of no classifier of images")
    return model


@contextmanager
def _limited_modules() -> Iterator[None]:
    """Stop building a model of ever more parts, whatever their number is called.

    Raises:
        ValueError: If they are too many.
    """
    count, thread = 0, get_ident()

    def count_module(*_: object) -> None:
        nonlocal count
        count += get_ident() == thread  # others build models of their own
        if count > MOST_MODULES:
            raise ValueError(f"more than {MOST_MODULES:,} modules")

    handle = register_module_module_registration_hook(count_module)
    try:
        yield
    finally:
        handle.remove()


def _load_backbone(backbone: nn.Module, pack: Pack, source: str) -> None:
    """Load the frozen layers, and refuse others than those that were trained on."""
    backbone.load_source()
    trained, own = pack.weights.identity, backbone.identity
    if compare_backbones(trained, own):
        raise WeightFileError(
            f"{pack.source} was trained on {describe_backbone(trained)}, and "
            f"{describe_backbone(own)} is another: name the former with "
            "--backbone FILE (backbone=FILE)"
        )


def complete(model: ImageClassifier, pack: Pack) -> ImageClassifier:
    """Give a model what was trained.

    Args:
        model: The classifier, with its frozen layers.
        pack: The pack, whose tensors are those of the model from now on: there is no
            memory for both.

    Returns:
        The classifier, in evaluation mode.
    """
    tensors = dict(pack.weights.tensors)
    identity = tensors.pop(BACKBONE + IDENTITY, None)
    model.load_state_dict(tensors, strict=False)  # that the names fit is known
    state = model.state_dict()
    own = {name: state[name] for name in tensors}
    if identity is not None:  # a part of a file in memory would keep all of it there
        own[BACKBONE + IDENTITY] = identity.clone()
    pack.weights.tensors.update(own)
    _describe_to_mmpretrain(model, pack)
    return model.eval()


def _describe_to_mmpretrain(model: ImageClassifier, pack: Pack) -> None:
    """Note what mmpretrain's inferencers look for, as its ``get_model`` does."""
    dataset = dict(pipeline=pack.pipeline)
    model._config = Config(dict(test_dataloader=dict(dataset=dataset)))
    model._dataset_meta = dict(classes=pack.class_names)
    task = SimpleNamespace(task="Image Classification")
    model._metainfo = SimpleNamespace(results=[task])
