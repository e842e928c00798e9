"""Does what a file holds fit a model? One rule for trained models and for backbones.

Refused are

- tensors that are missing or left over;
- tensors of another shape. Only position embeddings of a square of patches may be of
  another image size; they are resized;
- tensors of another type. Only floating-point numbers may be of another precision; they
  are converted;
- values that are no finite numbers;
- another number of heads, or another activation, than the file records;
- another eps of LayerNorm than a trained model records: what was trained on features is
  used on the same ones.

A backbone's other eps of LayerNorm is only a warning: what follows is trained with the
new one, as LPT's authors do with timm's weights.
"""

from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from lpt_mm.utils.text import list_some
from lpt_mm.weights.architecture import ViTArchitecture, square_side
from lpt_mm.weights.identity import BACKBONE, POSITIONS


def compare_tensors(
    theirs: Mapping[str, Tensor],
    own: Mapping[str, Tensor],
    optional: Collection[str] = (),
) -> str:
    """Say how tensors differ from a model's own, but for missing ``optional`` ones.

    Empty if they fit; the model may lie on the device ``meta``.
    """
    unfit = [
        f"{name} is {_describe(theirs[name])} in the weights "
        f"and {_describe(own[name])} in the config"
        for name in sorted(own.keys() & theirs.keys())
        if not _fits(name, theirs[name], own[name])
    ]
    missing = own.keys() - theirs.keys() - set(optional)
    left_over = theirs.keys() - own.keys()
    parts = (
        _compare_architectures(theirs, own)
        or (unfit and f"of another shape or type: {list_some(unfit)}"),
        missing and f"missing: {list_some(missing)}",
        left_over and f"left over: {list_some(left_over)}",
    )
    return "; ".join(filter(None, parts))


def _fits(name: str, tensor: Tensor, own: Tensor) -> bool:
    floats = tensor.is_floating_point() and own.is_floating_point()
    if not floats and tensor.dtype != own.dtype:
        return False
    if tensor.shape == own.shape:
        return True
    if name.removeprefix(BACKBONE) != POSITIONS or tensor.ndim != 3:
        return False
    is_like = (tensor.shape[0], tensor.shape[2]) == (1, own.shape[-1])
    return is_like and square_side(tensor) is not None


def _describe(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"


def _compare_architectures(
    theirs: Mapping[str, Tensor], own: Mapping[str, Tensor]
) -> str:
    file, config = (
        ViTArchitecture.of({k.removeprefix(BACKBONE): v for k, v in tensors.items()})
        for tensors in (theirs, own)
    )
    if file is None or config is None or file == config:
        return ""
    changes = ", ".join(f"{k}={v!r}" for k, v in file.settings(unlike=config).items())
    return (
        f"it is a {file}, the config has a {config} "
        f"(to use it, set {changes} in model.backbone)"
    )


def compare_settings(theirs: Mapping[str, object], own: Mapping[str, object]) -> str:
    """Say how recorded settings differ from a model's own, where both are known."""
    return "; ".join(
        f"{name} is {value} in the weights and {own[name]} in the config"
        for name, value in theirs.items()
        if own.get(name, value) != value
    )


def find_non_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """Say which tensors hold NaN or infinity, as the end of a sentence about them."""
    # A sum is finite only if all its terms are, and takes no memory.
    broken = [
        name
        for name, tensor in tensors.items()
        if not tensor.is_meta and not tensor.sum(dtype=torch.float32).isfinite()
    ]
    if not broken:
        return None
    return f"has values that are no finite numbers: {list_some(broken)}"
