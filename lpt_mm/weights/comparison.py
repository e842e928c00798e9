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
from torch import Size, Tensor

from lpt_mm.utils.text import list_some
from lpt_mm.weights.architecture import ViTArchitecture
from lpt_mm.weights.identity import BACKBONE, POSITIONS

MOST_PATCHES = 10**6


def compare_tensors(
    theirs: Mapping[str, Tensor],
    own: Mapping[str, Tensor],
    optional: Collection[str] = (),
) -> str:
    """Say how tensors differ from a model's own; empty if they fit.

    The model may lie on the device ``meta``; tensors may lack its ``optional`` ones.
    """
    unfit = [
        f"{name} is {_describe(theirs[name])} in the weights "
        f"and {_describe(own[name])} in the config"
        for name in sorted(own.keys() & theirs.keys())
        if not _fits(name, theirs[name], own[name])
    ]
    parts = [_compare_architectures(theirs, own)]
    if unfit and not parts[0]:
        parts = [f"of another shape or type: {list_some(unfit)}"]
    for what, names in (
        ("missing", own.keys() - theirs.keys() - set(optional)),
        ("left over", theirs.keys() - own.keys()),
    ):
        parts += [f"{what}: {list_some(names)}"] if names else []
    return "; ".join(filter(None, parts))


def _fits(name: str, tensor: Tensor, own: Tensor) -> bool:
    floats = tensor.is_floating_point() and own.is_floating_point()
    if not floats and tensor.dtype != own.dtype:
        return False
    if name.removeprefix(BACKBONE) == POSITIONS:
        return _fits_positions(tensor.shape, own.shape)
    return tensor.shape == own.shape


def _fits_positions(positions: Size, own: Size) -> bool:
    """Whether they are as wanted, or those of a class token and a square of patches."""
    if positions == own:
        return True
    if len(positions) != 3 or positions[0] != 1 or positions[2] != own[2]:
        return False
    patches = positions[1] - 1
    return 0 < patches < MOST_PATCHES and round(patches**0.5) ** 2 == patches


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
    sums = {
        name: tensor.sum(dtype=torch.float32)
        for name, tensor in tensors.items()
        if tensor.numel() and not tensor.is_meta
    }
    broken = [name for name, total in sums.items() if not total.isfinite()]
    if not broken:
        return None
    return f"has values that are no finite numbers: {list_some(broken)}"
