"""Vision transformers of timm: fetched weights, and Google's files that it reads."""

import difflib
import re
import zipfile
from math import prod
from pathlib import Path

import numpy as np
import timm
import torch
from numpy.lib.format import read_array_header_1_0, read_array_header_2_0, read_magic
from timm.models import VisionTransformer
from timm.models.vision_transformer import Block

from lpt_mm.utils.errors import UserError
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.formats import require_modest
from lpt_mm.weights.weights import Weights

CLASSIFIER = re.compile("head/|pre_logits/")
READERS = {(1, 0): read_array_header_1_0, (2, 0): read_array_header_2_0}
LAYER_OF_NPZ = re.compile(r"Transformer/encoderblock_(\d+)/LayerNorm_0/scale")


def read_timm(name: str, fetch: bool = True) -> Weights:
    """Read a model of timm by its name with tag, such as ``vit_x.augreg_in21k``.

    ``fetch`` is that of ``read_weights``. ``WeightFileError`` if timm has no such model
    or cannot fetch its weights; the message names the remedy.
    """
    try:
        if fetch:
            model = timm.create_model(name, pretrained=True, num_classes=0)
        else:
            with torch.device("meta"):
                model = timm.create_model(name, num_classes=0)
    except OSError as error:  # the hub's errors are OSErrors
        pretrained = timm.get_pretrained_cfg(name, allow_unregistered=True)
        repository = getattr(pretrained, "hf_hub_id", None) or f"timm/{name}"
        raise WeightFileError(
            f"timm could not fetch the weights of {name!r}. Without network, download "
            f"model.safetensors of https://huggingface.co/{repository} on another "
            "machine and set model.backbone.init_cfg.checkpoint to its path"
        ) from error
    except (RuntimeError, ValueError) as error:  # no such model, or without weights
        similar = difflib.get_close_matches(name, timm.list_pretrained("vit_*"), 3)
        hint = f"; similar names: {', '.join(similar)}" if similar else ""
        raise WeightFileError(
            f"timm has no weights of the name {name!r}{hint}"
        ) from error
    block = model.blocks[0] if isinstance(model, VisionTransformer) else None
    weights = Weights(model.state_dict(), format="timm", source=f"timm:{name}")
    if isinstance(block, Block):  # names of another kind of layer do not fit anyway
        weights.meta["backbone"] = dict(
            num_heads=block.attn.num_heads,
            layer_norm_eps=block.norm1.eps,
            activation=type(block.mlp.act).__name__,
        )
    return weights


def read_npz(path: Path) -> Weights:
    """Let timm read a file of Google's AugReg, and give the tensors timm's names.

    The files are listed at https://github.com/google-research/vision_transformer. One
    that is damaged, none of these, or small but would fill the memory is refused.
    """
    try:
        shapes = read_shapes(path)
        with torch.device("meta"):
            model = _build_for(shapes)
        wanted = sum(parameter.numel() for parameter in model.parameters())
        require_modest(path, 4 * wanted)
        model.to_empty(device="cpu").load_pretrained(str(path))
        size = sum(prod(x) for name, x in shapes.items() if not CLASSIFIER.match(name))
        if size != wanted:  # timm repeats small arrays and passes over unknown ones
            raise UserError(f"it has {size:,} values, the model {wanted:,}")
    except WeightFileError:
        raise
    except Exception as error:  # of a parser of foreign input
        reason = str(error).strip("'\"")
        raise WeightFileError(
            f"'{path}' is no whole vision transformer of AugReg: {reason}"
        ) from error
    meta = dict(backbone=dict(num_heads=model.blocks[0].attn.num_heads))
    return Weights(model.state_dict(), meta, "npz", source=f"'{path}'")


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Read the shapes of the arrays alone: numpy makes room for values it lacks."""
    shapes = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            with archive.open(info) as file:
                shape, _, dtype = READERS[read_magic(file)](file)
                expected = file.tell() + prod(shape) * dtype.itemsize
            if not np.issubdtype(dtype, np.floating):
                raise UserError(f"it has an array of type {dtype}")
            if info.file_size != expected:
                raise UserError(f"{info.filename} has not the size of its shape")
            shapes[info.filename.removesuffix(".npy")] = shape
    return shapes


def _build_for(shapes: dict[str, tuple[int, ...]]) -> VisionTransformer:
    """Build timm's model that the arrays fit."""
    height, width, channels, dims = shapes["embedding/kernel"]
    positions = shapes["Transformer/posembed_input/pos_embedding"][1]
    side = int((positions - 1) ** 0.5)
    first = "Transformer/encoderblock_0"
    _, num_heads, _ = shapes[f"{first}/MultiHeadDotProductAttention_1/query/kernel"]
    hidden = shapes[f"{first}/MlpBlock_3/Dense_0/kernel"][1]
    return VisionTransformer(
        img_size=(side * height, side * width),
        patch_size=(height, width),
        in_chans=channels,
        embed_dim=dims,
        depth=sum(LAYER_OF_NPZ.fullmatch(name) is not None for name in shapes),
        num_heads=num_heads,
        mlp_ratio=hidden / dims,
        num_classes=0,
    )
