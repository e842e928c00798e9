"""Export of a trained model to a file that needs neither lpt_mm nor mmpretrain."""

import json
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple

import torch
from mmpretrain.models import VisionTransformer
from mmpretrain.models.classifiers import BaseClassifier

from lpt_mm.engine.runner_state import classifier_of
from lpt_mm.inference.agreement import make_batches, require_agreement
from lpt_mm.inference.file_formats import FORMATS
from lpt_mm.inference.graph import Scorer, fold_constants, trace
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import new_file, require_new
from lpt_mm.version import __version__


class Exported(NamedTuple):
    """What an export came to: bytes of the file, largest difference of the scores."""

    size: int
    difference: float


def export(
    model: BaseClassifier,
    out: str | Path,
    to: str,
    with_preprocessing: bool = False,
    class_names: Sequence[str] | None = None,
) -> Exported:
    """Write a model's graph for batches of any size, and compare it with the model.

    The file computes in float32, whatever the model is held in. It takes ``images`` (B,
    channels, H, W) and gives ``scores`` (B, C), probabilities that add up to 1, and
    ``features`` (B, D). Its metadata, texts of JSON, are those of :func:`describe`.

    Args:
        model: The trained classifier, which is left as it is.
        out: New file.
        to: ``'onnx'`` or ``'exported_program'``, of ``torch.export``.
        with_preprocessing: Whether normalisation and channel order are part of the
            graph: it then takes uint8 images, in RGB (where the model has ``to_rgb``;
            else as in training), and without it float32 that is normalised already.
        class_names: Names of the classes, for the metadata.

    Returns:
        Size of the file, and how far its scores are from the model's.

    Raises:
        FileExistsError: If there is something of that name.
        UserError: If the format is unknown or needs packages that are missing, the
            model is no vision transformer, it is too large for the format, or the file
            does not compute what the model does.
    """
    if to not in FORMATS:
        raise UserError(f"the format must be one of {tuple(FORMATS)}, got {to!r}")
    model = classifier_of(model)
    if not isinstance(model.backbone, VisionTransformer):
        raise UserError(
            "only vision transformers are exported, and the backbone is a "
            f"{type(model.backbone).__name__}"
        )
    require_new(out)
    file_format = FORMATS[to]
    file_format.require_possible(model)
    model = deepcopy(model).cpu().float().eval()
    scorer = Scorer(model, with_preprocessing)
    batches = make_batches(*_image_shape(model))
    with torch.no_grad():
        if not with_preprocessing:
            prepare = model.data_preprocessor
            batches = [prepare(dict(inputs=images))["inputs"] for images in batches]
        expected = [scorer(images) for images in batches]
        graph = fold_constants(trace(scorer, batches[0]))
        metadata = describe(model, with_preprocessing, class_names)
        with new_file(out) as file:
            file_format.write(graph, batches[0], file, metadata)
            difference = require_agreement(file_format.open(file), batches, expected)
            size = file.stat().st_size
    return Exported(size, difference)


def describe(
    model: BaseClassifier,
    with_preprocessing: bool = False,
    class_names: Sequence[str] | None = None,
) -> dict[str, str]:
    """Say what a user of an exported file has to know, each a text of JSON.

    Args:
        model: The classifier.
        with_preprocessing: As in :func:`export`.
        class_names: As in :func:`export`.

    Returns:
        ``input`` and ``channels`` of the images that go in, ``image_size`` (H, W),
        ``mean`` and ``std`` of each channel (of values 0 to 255), ``scores``,
        ``class_names`` and ``lpt_mm_version``.
    """
    prepare = model.data_preprocessor
    num_channels, *image_size = _image_shape(model)
    mean, std = (getattr(prepare, name, None) for name in ("mean", "std"))
    channels = "RGB" if prepare.to_rgb else "as in training"
    facts = dict(
        input="uint8" if with_preprocessing else "float32, (image - mean) / std",
        channels="grey" if num_channels == 1 else channels,
        image_size=image_size,
        mean=None if mean is None else mean.flatten().tolist(),
        std=None if std is None else std.flatten().tolist(),
        scores="softmax",
        class_names=None if class_names is None else list(map(str, class_names)),
        lpt_mm_version=__version__,
    )
    return {name: json.dumps(fact, ensure_ascii=False) for name, fact in facts.items()}


def _image_shape(model: BaseClassifier) -> tuple[int, int, int]:
    vit = model.backbone
    return (vit.patch_embed.projection.in_channels, *vit.img_size)
