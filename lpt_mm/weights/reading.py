"""Reading of weight files: by content, and without running any code from them."""

import pickle
import re
import warnings
import zipfile
from collections.abc import Callable
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
NUMERICS = dict(num_heads=int, layer_norm_eps=float, activation=str)
DAMAGED = "is truncated or damaged: fetch or copy it again"


class WeightFileError(ValueError):
    """Weights cannot be had or do not fit; the message is for users, in one line."""


@dataclass
class Weights:
    """What a weight file holds.

    Args:
        tensors: The tensors by name.
        meta: Further facts, such as ``cls_num_list``.
        format: ``'torch'``, ``'safetensors'``, ``'npz'`` or ``'timm'``.
        source: What errors call it.
    """

    tensors: dict[str, Tensor]
    meta: dict = field(default_factory=dict)
    format: str = "torch"
    source: str = "the file"

    @property
    def numerics(self) -> dict[str, object]:
        """What ``PromptedViT.numerics`` gives, as far as ``meta.backbone`` records it.

        Returns:
            The known values by name; what is not of the right type is not believed.
        """
        recorded = self.meta.get("backbone")
        if not isinstance(recorded, dict):
            return {}
        return {
            name: recorded[name]
            for name, kind in NUMERICS.items()
            if isinstance(recorded.get(name), kind)
        }


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
    except Exception as error:  # of a parser of damaged input
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
        if unsafe is None:
            raise WeightFileError(
                f"'{path}' is damaged, or a pickle of others than torch, and no code in"
                " a file is ever run"
            ) from error
        raise WeightFileError(
            f"'{path}' holds more than tensors ({unsafe[1]}), and no code in a file is "
            "ever run: where you trust it, save its tensors alone, with "
            "torch.save(model.state_dict(), FILE)"
        ) from error
    except Exception as error:  # of a parser of damaged input
        raise WeightFileError(f"'{path}' {DAMAGED}") from error


def _unwrap(content: object, path: Path, file_format: str) -> Weights:
    content = content if isinstance(content, dict) else {}
    candidates = [content.get("state_dict"), content.get("model"), content]
    tensors = next(filter(None, map(_tensors_of, candidates)), None)
    if tensors is None:
        raise WeightFileError(f"'{path}' holds no tensors by name")
    for name, tensor in tensors.items():
        if tensor.layout is not torch.strided or tensor.device.type == "meta":
            raise WeightFileError(f"'{path}' has no plain values of {printable(name)}")
    meta = content.get("meta")
    return Weights(
        tensors,
        meta if isinstance(meta, dict) else {},
        "safetensors" if file_format == "safetensors" else "torch",
        source=f"'{path}'",
    )


def _tensors_of(content: object) -> dict[str, Tensor]:
    if not isinstance(content, dict):
        return {}
    tensors = {
        name: tensor
        for name, tensor in content.items()
        if isinstance(name, str) and isinstance(tensor, Tensor)
    }
    return rename_all(tensors, lambda name: name.removeprefix("module."))


def rename_all(
    tensors: dict[str, Tensor], rename: Callable[[str], str]
) -> dict[str, Tensor]:
    """Rename tensors.

    Args:
        tensors: Tensors by name.
        rename: Gives the new name for an old one.

    Returns:
        The tensors by new name.

    Raises:
        WeightFileError: If two of them get the same name.
    """
    origins: dict[str, str] = {}
    for name in tensors:
        new = rename(name)
        if new in origins:
            raise WeightFileError(
                f"{printable(origins[new])} and {printable(name)} are the same tensor"
            )
        origins[new] = name
    return {new: tensors[old] for new, old in origins.items()}


def printable(text: str) -> str:
    """Make text of a file safe to print.

    Args:
        text: Any text.

    Returns:
        The text with control characters escaped.
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
