"""Tensors that are what they seem: values, one by one, of a type that all code knows.

torch loads without complaint tensors that are sparse, quantized, a number repeated
2**60 times, or called by a name that moves the cursor.
"""

from collections.abc import Iterable, Mapping
from math import prod

import torch
from torch import Tensor

from lpt_mm.weights.errors import WeightFileError

FLOATS = (
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
    *(torch.float8_e4m3fn, torch.float8_e5m2),
)
INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
DTYPES = {*FLOATS, *INTEGERS, torch.bool}
LONGEST_NAME = 1000


def is_plain(tensor: Tensor) -> bool:
    """Tell whether each value of a tensor is in memory or in a file.

    Not so are sparse, nested, quantized, complex tensors and the like, those without
    values, and those that repeat the values that are there.
    """
    if tensor.layout is not torch.strided or tensor.dtype not in DTYPES:
        return False
    if tensor.is_nested or tensor.is_quantized or tensor.device.type == "meta":
        return False
    if Tensor.is_conj(tensor) or Tensor.is_neg(tensor):
        return False
    num_bytes = prod(tensor.shape) * tensor.itemsize  # torch's own numbers overflow
    return num_bytes <= Tensor.untyped_storage(tensor).nbytes()


def plain_tensors(tensors: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """Refuse tensors that are not plain, and names that cannot be printed.

    The same values are returned without gradients and attributes; ``source`` is what
    the ``WeightFileError`` calls the file.
    """
    require_names(tensors, source)
    for name, tensor in tensors.items():
        if not is_plain(tensor):
            raise WeightFileError(f"{source} has no plain values of {name}")
    # An attribute of a tensor may hide its method.
    return {name: Tensor.detach(tensor) for name, tensor in tensors.items()}


def require_names(names: Iterable[str], source: str) -> None:
    """Refuse names of tensors that cannot be printed, or are very long."""
    for name in names:
        if not name.isprintable() or len(name) > LONGEST_NAME:
            raise WeightFileError(f"{source} has a tensor of the name {name[:100]}")


def value_bytes(tensor: Tensor) -> memoryview:
    """Look at a plain tensor on the CPU as bytes, row by row, to hash them."""
    values = tensor.flatten()[:, None]  # the stride of a single value may be 0
    return values.view(torch.uint8).numpy().data
