"""Reading of weight files: by content, and without running any code from them."""

import pickle
import re
import warnings
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from lpt_mm.weights.errors import DAMAGED, WeightFileError
from lpt_mm.weights.facts import known_facts
from lpt_mm.weights.formats import find_format, require_modest
from lpt_mm.weights.layouts import rename_all
from lpt_mm.weights.model_file import read_model
from lpt_mm.weights.plain_tensors import plain_tensors
from lpt_mm.weights.weights import Weights

# What mmengine and timm save beside the tensors. It is not needed here, so whatever
# stands under these names is read as an empty object, and nothing of it is called.
IGNORED_GLOBALS = (
    "argparse.Namespace",
    "builtins.getattr",
    "mmengine.logging.history_buffer.HistoryBuffer",
    "numpy.ndarray",
    "numpy.dtype",
    "numpy.core.multiarray._reconstruct",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray._reconstruct",
    "numpy._core.multiarray.scalar",
)


class _Ignored:
    """Takes the place of objects that are not needed."""

    def __init__(self, *args: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


def read_file(path: str | Path) -> Weights:
    """Read a file of torch, safetensors or Google's AugReg, whatever it is called.

    Wrappers (``state_dict``, ``model``) and the prefix ``module.`` of ``DataParallel``
    are taken off. Files of torch and safetensors are mapped into memory, not copied,
    though every byte is read once where there is a checksum: in ``.pth`` files, and in
    safetensors of :func:`write_model`. ``WeightFileError`` if there is no such file, or
    it holds no tensors, is damaged or would need code to be run.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightFileError(f"there is no weight file '{path}'")
    file_format = find_format(path)
    if file_format == "npz":
        from lpt_mm.weights.timm_vit import read_npz  # timm takes a second

        return read_npz(path)
    if file_format == "safetensors":
        tensors, meta = read_model(path)
        tensors = plain_tensors(tensors, f"'{path}'")
        return Weights(tensors, meta, "safetensors", source=f"'{path}'")
    return _unwrap(*_load_torch(path, mmap=file_format == "torch"), path)


def _load_torch(path: Path, mmap: bool) -> tuple[object, bool]:
    """Load a file of torch, and tell whether it is plain."""
    load = partial(torch.load, str(path), "cpu", weights_only=True, mmap=mmap)
    ignored = [(_Ignored, name) for name in IGNORED_GLOBALS]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickles of others than torch
            try:
                return load(), True
            except pickle.UnpicklingError:
                with torch.serialization.safe_globals(ignored):
                    return load(), False
    except pickle.UnpicklingError as error:
        unsafe = re.search(r"(?:GLOBAL|global|class) ([\w.]+\.\w+)", str(error))
        if unsafe is None:
            raise WeightFileError(
                f"'{path}' is damaged, or a pickle of others than torch, and no code in"
                " a file is ever run"
            ) from error
        raise WeightFileError(
            f"'{path}' holds more than tensors ({unsafe[1]}), and no code in a file is "
            "ever run: where you trust it, run that code and save the tensors alone, "
            "with torch.save(torch.load(FILE, weights_only=False)['state_dict'], NEW)"
        ) from error
    except Exception as error:  # of a parser of damaged input
        raise WeightFileError(f"'{path}' {DAMAGED}") from error


def _unwrap(content: object, is_plain: bool, path: Path) -> Weights:
    content = content if isinstance(content, dict) else {}
    candidates = [content.get("state_dict"), content.get("model"), content]
    tensors = next(filter(None, map(_tensors_of, candidates)), None)
    if tensors is None:
        raise WeightFileError(f"'{path}' holds no tensors by name")
    tensors = plain_tensors(tensors, f"'{path}'")
    # One tensor may stand there by many names.
    require_modest(path, sum(tensor.nbytes for tensor in tensors.values()))
    return Weights(
        tensors,
        known_facts(content.get("meta")),
        source=f"'{path}'",
        is_plain=is_plain,
        is_resumable=isinstance(content.get("optimizer"), dict),
    )


def _tensors_of(content: object) -> dict[str, Tensor]:
    if not isinstance(content, dict):
        return {}
    tensors = {
        name: tensor
        for name, tensor in content.items()
        if isinstance(name, str) and isinstance(tensor, Tensor)
    }
    return rename_all(tensors, [("module.", "")])
