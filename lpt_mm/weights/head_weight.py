"""Weights of a classifier alone, from a file."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lpt_mm.utils.text import list_some
from lpt_mm.weights.comparison import find_non_finite
from lpt_mm.weights.errors import DAMAGED, WeightFileError
from lpt_mm.weights.formats import find_format
from lpt_mm.weights.reading import read_file
from lpt_mm.weights.weights import Weights

WEIGHT = "weight"


def read_head_weight(
    path: str | Path, shape: tuple[int, int], class_names: tuple[str, ...] | None = None
) -> Tensor:
    """Read ``weight`` (C, D) out of a file of torch, safetensors or numpy (``.npz``).

    Args:
        path: The file.
        shape: Classes and width of the feature, (C, D).
        class_names: Names of the classes, if they are known; a file that has the same
            in another order is refused.

    Returns:
        The weights, float32.

    Raises:
        WeightFileError: If there is no such file, or the weights do not fit.
    """
    weights = _read(Path(path), shape)
    weight = weights.tensors.get(WEIGHT)
    if weight is None:
        raise WeightFileError(
            f"'{path}' has no tensor {WEIGHT!r} (classes, width of the feature), only "
            f"{list_some(weights.tensors)}"
        )
    if tuple(weight.shape) != shape or not weight.is_floating_point():
        raise WeightFileError(
            f"'{path}' has a {WEIGHT} of {tuple(weight.shape)} {weight.dtype}, but the "
            f"head has {shape[0]} classes, and its features {shape[1]} numbers each"
        )
    if fault := find_non_finite({WEIGHT: weight}):
        raise WeightFileError(f"'{path}' {fault}")
    known = (weights.meta.get("dataset_meta") or {}).get("classes")
    orders = [[*map(_spell, names or ())] for names in (known, class_names)]
    if sorted(orders[0]) == sorted(orders[1]) and orders[0] != orders[1]:
        raise WeightFileError(f"'{path}' has the classes in another order")
    return weight.float()


def _spell(name: str) -> str:
    """Spell a class in one way, whether a folder or a text is called by it."""
    return str(name).replace("_", " ").casefold()


def _read(path: Path, shape: tuple[int, int]) -> Weights:
    """Read a file; of numpy's, which may be packed a thousandfold, what fits alone."""
    if not path.is_file() or find_format(path) != "npz":
        return read_file(path)
    from lpt_mm.weights.timm_vit import read_shapes  # timm takes a second

    try:
        shapes = read_shapes(path)  # numpy makes room for values that are not there
        tensors = {k: torch.empty(x, device="meta") for k, x in shapes.items()}
        if shapes.get(WEIGHT) == shape:
            with np.load(path, allow_pickle=False) as file:
                tensors[WEIGHT] = torch.from_numpy(file[WEIGHT])
    except Exception as error:  # of a parser of foreign input
        raise WeightFileError(f"'{path}' {DAMAGED}") from error
    return Weights(tensors, format="npz", source=f"'{path}'")
