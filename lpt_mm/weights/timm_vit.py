"""Vision transformers of timm: fetched weights, and Google's files that it reads."""

import difflib
import re
import zipfile
import zlib
from pathlib import Path

import numpy as np
import timm
import torch
from timm.models import VisionTransformer
from timm.models.vision_transformer import Block

from lpt_mm.weights.errors import DAMAGED, WeightFileError
from lpt_mm.weights.reading import Weights

CLASSIFIER = re.compile("head/|pre_logits/")
LAYER_OF_NPZ = re.compile(r"Transformer/encoderblock_(\d+)/LayerNorm_0/scale")


def read_timm(name: str, fetch: bool = True) -> Weights:
    """Build a model of timm.

    Args:
        name: Model name with tag, such as ``vit_base_patch16_224.augreg_in21k``.
        fetch: Whether the weights are wanted; otherwise only their names and shapes,
            for which nothing is downloaded.

    Returns:
        Its tensors, with what they do not show.

    Raises:
        WeightFileError: If timm has no such model or cannot fetch its weights; the
            message names the remedy.
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
    meta = dict(backbone=_numerics(model))
    return Weights(model.state_dict(), meta, "timm", source=f"timm:{name}")


def _numerics(model: torch.nn.Module) -> dict[str, object]:
    """Find what ``PromptedViT.numerics`` gives, as far as the model has it."""
    block = model.blocks[0] if isinstance(model, VisionTransformer) else None
    if not isinstance(block, Block):  # another kind of layer, whose names do not fit
        return {}
    return dict(
        num_heads=block.attn.num_heads,
        layer_norm_eps=block.norm1.eps,
        activation=type(block.mlp.act).__name__,
    )


def read_npz(path: Path) -> Weights:
    """Let timm read a file of Google's AugReg.

    The files are listed at https://github.com/google-research/vision_transformer.

    Args:
        path: Path of the ``.npz`` file.

    Returns:
        The tensors in timm's names.

    Raises:
        WeightFileError: If the file is damaged or is none of AugReg's.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            model = _build_for(arrays)
            model.load_pretrained(str(path))
            size = sum(_size(arrays[k]) for k in arrays if not CLASSIFIER.match(k))
        wanted = sum(parameter.numel() for parameter in model.parameters())
        if size != wanted:  # timm repeats small arrays and passes over unknown ones
            raise ValueError(f"it has {size:,} values, the model {wanted:,}")
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise WeightFileError(f"'{path}' {DAMAGED}") from error
    except Exception as error:  # of a parser of foreign input
        reason = str(error).strip("'\"")
        raise WeightFileError(
            f"'{path}' is no whole vision transformer of AugReg: {reason}"
        ) from error
    numerics = dict(num_heads=model.blocks[0].attn.num_heads)
    meta = dict(backbone=numerics)
    return Weights(model.state_dict(), meta, "npz", source=f"'{path}'")


def _size(array: np.ndarray) -> int:
    if not np.issubdtype(array.dtype, np.floating):
        raise ValueError(f"it has an array of type {array.dtype}")
    return array.size


def _build_for(arrays: np.lib.npyio.NpzFile) -> VisionTransformer:
    """Build timm's model, without values, that the arrays fit."""
    height, width, channels, dims = arrays["embedding/kernel"].shape
    positions = arrays["Transformer/posembed_input/pos_embedding"].shape[1]
    side = int((positions - 1) ** 0.5)
    first = "Transformer/encoderblock_0"
    attention = arrays[f"{first}/MultiHeadDotProductAttention_1/query/kernel"]
    hidden = arrays[f"{first}/MlpBlock_3/Dense_0/kernel"].shape[1]
    with torch.device("meta"):
        model = VisionTransformer(
            img_size=(side * height, side * width),
            patch_size=(height, width),
            in_chans=channels,
            embed_dim=dims,
            depth=sum(LAYER_OF_NPZ.fullmatch(name) is not None for name in arrays),
            num_heads=attention.shape[1],
            mlp_ratio=hidden / dims,
            num_classes=0,
        )
    return model.to_empty(device="cpu")
