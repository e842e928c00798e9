"""What the config in a pack may say: known components, plain settings, nothing else.

A config out of a file builds whatever it names, with whatever arguments. So each name
is looked up here before anything is built: mmengine would import a module of a name
that it does not know. No text may be a path, a URL or a name of code.
"""

import re
from collections.abc import Iterator, Mapping

from mmengine.registry import Registry
from mmpretrain.registry import MODELS, TRANSFORMS

from lpt_mm.engine.crop_ensemble import CropEnsemble
from lpt_mm.evaluation.metrics import ShotGroups
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import list_some
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.facts import is_dict, is_number, is_text
from lpt_mm.weights.pack import Pack

# Of a classifier, and of the norms and activations in it. None of them reads a file or
# fetches weights for an argument that is allowed.
MODEL_MODULES = (
    "lpt_mm.models.",
    "mmpretrain.models.backbones.",
    "mmpretrain.models.necks.",
    "mmpretrain.models.heads.",
    "mmpretrain.models.losses.",
    "mmpretrain.models.classifiers.image",
    "mmpretrain.models.utils.clip_generator_helper",  # QuickGELU
    "mmpretrain.models.utils.data_preprocessor",
    "mmpretrain.models.utils.norm",
    "torch.nn.modules.activation",
    "torch.nn.modules.batchnorm",
    "torch.nn.modules.normalization",
)
# The former fetches weights; the latter computes positions in Python, for hours.
NOT_FOR_PACKS = ("TIMMBackbone", "T2T_ViT")
# What a test does to an image, always in the same way.
TRANSFORM_NAMES = (
    "CenterCrop",
    "EfficientNetCenterCrop",
    "LoadImage",
    "PackInputs",
    "Resize",
    "ResizeEdge",
)
PREPROCESSOR_KEYS = {"type", "mean", "std", "to_rgb"}
# These read files, start compilers, or change what a config is.
FORBIDDEN_KEYS = {"checkpoint", "compile", "init_cfg", "pretrained", "train_cfg"}
WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Numbers of a config are sizes, for which memory is needed. How often a part of a model
# is repeated has many names, and is limited where the model is built.
LARGEST = 10**6
LARGEST_OF = {
    **dict.fromkeys(("img_size", "scale", "crop_size"), 4096),
    "scale_factor": 2,
}
MOST_COMPONENTS = 200


def check_components(pack: Pack) -> None:
    """Refuse a pack whose configs name or say anything that is not known.

    Args:
        pack: The pack; nothing of it has been built yet.

    Raises:
        WeightFileError: If a component is unknown or not allowed, or a setting is no
            number and no plain word.
    """
    try:
        _check(pack.model, MODELS, "model")
        _check_preprocessor(pack.data_preprocessor)
        _check(pack.pipeline, TRANSFORMS, "pipeline")
        ShotGroups(pack.convention, tuple(pack.thresholds))
        if pack.tta is not None:
            CropEnsemble.from_facts(pack.tta)
    except UserError as error:
        raise WeightFileError(
            f"{pack.source} is no pack that can be used: {error}"
        ) from None


def _check(config: dict | list, registry: Registry, name: str) -> None:
    components = 0
    for where, value in _walk(config, name):
        if is_dict(value):
            _check_keys(value, where)
            if "type" in value:
                components += 1
                _check_component(value["type"], registry, where)
        elif not isinstance(value, list):
            _check_value(value, where)
    if components > MOST_COMPONENTS:
        raise WeightFileError(f"{name} has {components:,} components")


def _check_preprocessor(config: dict) -> None:
    _check(config, MODELS, "data_preprocessor")
    if config.get("type") != "ClsDataPreprocessor":
        raise WeightFileError("data_preprocessor is no ClsDataPreprocessor")
    if more := config.keys() - PREPROCESSOR_KEYS:
        raise WeightFileError(f"data_preprocessor has {list_some(more)}")
    for name in config.keys() & {"mean", "std"}:
        value = config[name]
        if not (isinstance(value, list) and all(map(is_number, value))):
            raise WeightFileError(f"data_preprocessor.{name} is no list of numbers")


def _walk(value: object, where: str) -> Iterator[tuple[str, object]]:
    """Go through a config and all values in it, each with its place."""
    yield where, value
    if is_dict(value):
        for key, item in value.items():
            yield from _walk(item, f"{where}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, where)


def _check_keys(config: Mapping, where: str) -> None:
    for key in config:
        if key in FORBIDDEN_KEYS or not key.isidentifier() or key.startswith("_"):
            raise WeightFileError(f"{where} has {key[:64]!r}")


def _check_component(kind: object, registry: Registry, where: str) -> None:
    if not is_text(kind) or not WORD.fullmatch(kind):
        raise WeightFileError(f"{where}.type is no plain name: {kind!r:.64}")
    component = _find(kind, registry)
    if component is None:
        raise WeightFileError(f"{where}.type {kind!r} is not known")
    if registry is TRANSFORMS:
        allowed = kind in TRANSFORM_NAMES
    else:
        module = component.__module__
        allowed = module.startswith(MODEL_MODULES) and kind not in NOT_FOR_PACKS
    if not allowed:
        raise WeightFileError(f"{where}.type {kind!r} is not for packs")


def _find(name: str, registry: Registry) -> type | None:
    """Look a component up where it is registered, and nowhere else."""
    while registry is not None:
        registry.import_from_location()
        if name in registry.module_dict:
            return registry.module_dict[name]
        registry = registry.parent
    return None


def _check_value(value: object, where: str) -> None:
    if is_text(value):
        if not WORD.fullmatch(value):
            raise WeightFileError(f"{where} is no plain word: {value!r:.64}")
    elif value is not None and not isinstance(value, bool):
        name = where.rpartition(".")[2]
        if not abs(value) <= LARGEST_OF.get(name, LARGEST):
            raise WeightFileError(f"{where} is {value!r:.20}")
