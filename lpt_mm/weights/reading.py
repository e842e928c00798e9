"""Reading of weight files: by content, and without running any code from them."""

import pickle
import re
import warnings
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

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
DAMAGED = "is truncated or damaged: fetch or copy it again"


class WeightFileError(ValueError):
    """Weights cannot be had or do not fit; the message is for users, in one line."""


@dataclass
class Weights:
    """What a weight file holds.

    Args:
        tensors: The tensors by name.
        meta: Further facts, such as ``cls_num_list``; ``backbone`` holds what
            ``PromptedViT.numerics`` gives, as far as it is known.
        format: ``'torch'``, ``'safetensors'``, ``'npz'`` or ``'timm'``.
    """

    tensors: dict[str, Tensor]
    meta: dict = field(default_factory=dict)
    format: str = "torch"


class _Ignored:
    """Takes the place of objects that are not needed."""

    def __init__(self, *args: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


def read_file(path: str | Path) -> Weights:
    """Read a file of torch, safetensors or Google's AugReg, whatever it is called.

    Files of torch and safetensors are mapped into memory: what is not used is not read.

    Args:
        path: Path of the file.

    Returns:
        Its tensors. A wrapper (``state_dict``, ``model``) and the prefix ``module.`` of
        ``DataParallel`` are taken off.

    Raises:
        WeightFileError: If there is no such file, or it holds no tensors, is damaged or
            would need code to be run.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightFileError(f"there is no weight file '{path}'")
    file_format = _find_format(path)
    if file_format == "npz":
        from lpt_mm.weights.timm_vit import read_npz  # timm takes a second

        return read_npz(path)
    if file_format == "safetensors":
        try:
            content = load_file(path)
        except SafetensorError as error:
            raise WeightFileError(f"'{path}' {DAMAGED} ({error})") from error
    else:
        content = _load_torch(path, mmap=file_format == "torch")
    return _unwrap(content, path, file_format)


def _find_format(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(64)
    if head.startswith(b"PK"):
        return _find_format_of_archive(path)
    if head[8:9] == b"{":
        return "safetensors"
    if head.startswith(b"\x80"):
        return "pickle"
    raise WeightFileError(f"'{path}' is no weight file: it is {_guess(path, head)}")


def _find_format_of_archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise WeightFileError(f"'{path}' {DAMAGED}") from error
    if any("/code/" in name for name in names):
        raise WeightFileError(
            f"'{path}' is a TorchScript program, and no code in a file is ever run; "
            "take the weights from timm, those of OpenAI's CLIP are "
            "'timm:vit_base_patch16_clip_quickgelu_224.openai'"
        )
    if any(name.endswith("data.pkl") for name in names):
        if path.suffix == ".safetensors":  # torch would believe the name
            raise WeightFileError(f"'{path}' is a file of torch: rename it to .pth")
        return "torch"
    if any(name.endswith(".npy") for name in names):
        return "npz"
    raise WeightFileError(f"'{path}' is a zip archive without weights")


def _guess(path: Path, head: bytes) -> str:
    """Say what a file is that holds no weights."""
    if not head:
        return "empty"
    if head.startswith(b"version https://git-lfs"):
        return "the stand-in of a large file, which 'git lfs pull' fetches"
    if head.lstrip().startswith(b"<"):
        return "a web page, as servers send instead of a file"
    try:
        with Image.open(path) as image:
            return f"a picture ({image.format})"
    except OSError:
        return "neither of torch nor of safetensors nor .npz"


def _load_torch(path: Path, mmap: bool) -> object:
    ignored = [(_Ignored, name) for name in IGNORED_GLOBALS]
    try:
        with torch.serialization.safe_globals(ignored), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickles of others than torch
            return torch.load(
                str(path), map_location="cpu", weights_only=True, mmap=mmap
            )
    except pickle.UnpicklingError as error:
        unsafe = re.search(r"(?:GLOBAL|global|class) ([\w.]+\.\w+)", str(error))
        raise WeightFileError(
            f"'{path}' holds more than tensors ({unsafe[1] if unsafe else 'a pickle'}),"
            " and no code in a file is ever run: where you trust it, save its tensors "
            "alone, with torch.save(model.state_dict(), FILE)"
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError, IndexError) as error:
        raise WeightFileError(f"'{path}' {DAMAGED}") from error


def _unwrap(content: object, path: Path, file_format: str) -> Weights:
    content = content if isinstance(content, dict) else {}
    wrapped = (content.get(key) for key in ("state_dict", "model"))
    named = next((inner for inner in wrapped if isinstance(inner, dict)), content)
    tensors = {
        name.removeprefix("module."): tensor
        for name, tensor in named.items()
        if isinstance(tensor, Tensor)
    }
    if not tensors:
        raise WeightFileError(f"'{path}' holds no tensors")
    meta = content.get("meta")
    return Weights(
        tensors,
        meta if isinstance(meta, dict) else {},
        "safetensors" if file_format == "safetensors" else "torch",
    )
