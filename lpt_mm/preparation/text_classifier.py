"""Weights of a classifier from the names of its classes, by CLIP's text tower.

The text tower speaks of images after the projection of the image tower, and a head
classifies features before it. So the directions of texts are taken back through the
projection. Source: Long-Tail Learning with Foundation Model,
https://arxiv.org/abs/2309.10019.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import ModuleType

import torch
from mmengine.device import get_device
from torch import Tensor, nn

from lpt_mm.models.numerics import unit
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import new_file, require_new
from lpt_mm.utils.text import list_some, printable
from lpt_mm.weights.comparison import compare_tensors
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.head_weight import WEIGHT
from lpt_mm.weights.model_file import write_model
from lpt_mm.weights.reading import read_file

CLASS = "{class}"
TEMPLATES = (f"a photo of a {CLASS}.",)
TEXTS_AT_A_TIME = 256


def make_text_classifier(
    names: str,
    out: str,
    model: str = "ViT-B-16",
    pretrained: str = "openai",
    templates: str | None = None,
) -> None:
    """Write the weights for ``head_init``: ``weight`` (C, D), a row for each class.

    Args:
        names: File with the name of a class in each line, in the order of the classes.
        out: New file, ``NAME.safetensors``.
        model: Name of a model of open_clip.
        pretrained: File of its weights, or the name that open_clip has for some, which
            are then fetched.
        templates: File with a text in each line, with ``{class}`` in place of the name.

    Raises:
        OSError: If a file is missing, or the one to write exists.
        UserError: If open_clip is missing, or has no such model, or files do not fit.
    """
    require_new(out)
    class_names = _read_lines(names)
    texts = TEMPLATES if templates is None else _read_lines(templates)
    for text in texts:
        if CLASS not in text:
            raise UserError(f"'{templates}' has a text without {CLASS}: {text!r:.80}")
    clip, tokenize = load_clip(model, pretrained)
    weight = text_weights(clip.to(get_device()), tokenize, class_names, texts)
    facts = dict(dataset_meta=dict(classes=class_names))
    with new_file(out) as file:
        file.write_bytes(write_model({WEIGHT: weight.cpu()}, facts))


@torch.no_grad()
def text_weights(
    clip: nn.Module,
    tokenize: Callable[[list[str]], Tensor],
    names: Iterable[str],
    templates: Sequence[str],
) -> Tensor:
    """Compute the weights (C, D) of classes from texts about them.

    Args:
        clip: A model of open_clip, whose image tower is a vision transformer.
        tokenize: Turns texts into tokens (number of texts, length).
        names: Names of the classes.
        templates: Texts with ``{class}`` in place of the name.

    Returns:
        Unit vectors in the space of the feature before the projection.
    """
    projection = clip.visual.proj  # (D, E)
    texts = [text.replace(CLASS, name) for name in names for text in templates]
    parts = []
    for start in range(0, len(texts), TEXTS_AT_A_TIME):
        tokens = tokenize(texts[start : start + TEXTS_AT_A_TIME])
        parts.append(unit(clip.encode_text(tokens.to(projection.device)), dim=1))
    by_class = torch.cat(parts).unflatten(0, (-1, len(templates)))  # (C, templates, E)
    return unit(unit(by_class.mean(dim=1), dim=1) @ projection.T, dim=1)


def load_clip(
    name: str, pretrained: str
) -> tuple[nn.Module, Callable[[list[str]], Tensor]]:
    """Build a model of open_clip with its weights, and its tokenizer.

    Args:
        name: Name of the model.
        pretrained: As in :func:`make_text_classifier`.

    Returns:
        The model, in evaluation mode, and what makes tokens of texts.

    Raises:
        UserError: If it cannot be had, or has another image tower than a plain vision
            transformer.
    """
    open_clip = _import_open_clip()
    config = open_clip.get_model_config(name)
    if config is None:
        known = [x for x in open_clip.list_models() if x.startswith("ViT")]
        raise UserError(
            f"open_clip has no model {printable(name)!r}: {list_some(known, 60)}"
        )
    if {*config, *config["vision_cfg"], *config["text_cfg"]} & {
        *("custom_text", "timm_model_name", "hf_model_name")
    } or not isinstance(config["vision_cfg"]["layers"], int):
        raise UserError(f"{name} is no plain CLIP with a vision transformer")
    if Path(pretrained).is_file():
        file = pretrained
    else:
        file, config["quick_gelu"] = _fetch(open_clip, name, pretrained)
    clip = open_clip.CLIP(**config)
    # The temperature says nothing of directions, and has a shape of its own in some.
    tensors = read_file(file).tensors | dict(logit_scale=clip.logit_scale.detach())
    if misfit := compare_tensors(tensors, clip.state_dict()):
        raise WeightFileError(f"'{file}' does not fit {name}: {misfit}")
    clip.load_state_dict(tensors)
    return clip.eval(), open_clip.get_tokenizer(name)


def _fetch(open_clip: ModuleType, name: str, tag: str) -> tuple[str, bool]:
    """Fetch weights, and tell whether they go with the activation QuickGELU."""
    settings = open_clip.get_pretrained_cfg(name, tag)
    if not settings:
        tags = open_clip.list_pretrained_tags_by_model(name)
        raise WeightFileError(
            f"there is no file '{printable(tag)}', and open_clip has no such weights "
            f"of {name}, only {list_some(tags, 40)}"
        )
    try:
        file = open_clip.download_pretrained(settings)
    except (OSError, RuntimeError) as error:
        raise WeightFileError(
            f"could not fetch {tag} of {name} ({str(error)[:200]}): download it on a "
            "machine with network, and name its file with --pretrained"
        ) from error
    return file, settings.get("quick_gelu", False)


def _import_open_clip() -> ModuleType:
    try:
        import open_clip  # an extra
    except ImportError as error:
        raise UserError(
            "classifiers from text need open_clip: pip install 'lpt_mm[text]'"
        ) from error
    return open_clip


def _read_lines(path: str) -> list[str]:
    """Read the lines of a file, none of which may be empty."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"'{printable(path)}' is no text in UTF-8") from error
    lines = [line.strip() for line in text.splitlines()]
    if not lines or not all(lines):
        raise UserError(f"'{printable(path)}' is empty, or has an empty line")
    return lines
