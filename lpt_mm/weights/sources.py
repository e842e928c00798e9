"""Where weights come from: timm, this package, a URL or a file."""

import hashlib
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit

import torch

from lpt_mm.utils.text import list_some
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.reading import read_file
from lpt_mm.weights.weights import Weights

PACKAGED = "lpt_mm:"
FORMATS = (".pth", ".safetensors")  # of the files that are packaged


def read_weights(checkpoint: str, fetch: bool = True) -> Weights:
    """Read ``'timm:<model name>'``, ``'lpt_mm:<name>'``, or a file by its path or URL.

    Without ``fetch`` only the names and shapes of timm's tensors are wanted, for which
    nothing is downloaded. ``WeightFileError`` if the weights cannot be had or read.
    """
    if checkpoint.startswith(PACKAGED):
        name = checkpoint.removeprefix(PACKAGED)
        files = sorted(Path(__file__).parent.iterdir())
        packaged = {file.stem: file for file in files if file.suffix in FORMATS}
        if name not in packaged:
            raise WeightFileError(
                f"lpt_mm comes with no backbone {name!r}, only {list_some(packaged)}"
            )
        return read_file(packaged[name])
    if checkpoint.startswith("timm:"):
        from lpt_mm.weights.timm_vit import read_timm  # timm takes a second

        return read_timm(checkpoint.removeprefix("timm:"), fetch)
    file = local_file(checkpoint)
    try:
        return read_file(file)
    except WeightFileError:
        if file != checkpoint:  # what was fetched is no weight file: do not keep it
            Path(file).unlink()
        raise


def local_file(checkpoint: str) -> str:
    """Give the path of a file; one of a URL is fetched into torch's hub folder once."""
    if "://" not in checkpoint:
        return checkpoint
    # Half of all files are called model.safetensors.
    digest = hashlib.sha256(checkpoint.encode()).hexdigest()[:8]
    name = f"{digest}-{Path(urlsplit(checkpoint).path).name}"
    file = Path(torch.hub.get_dir()) / "checkpoints" / name
    if not file.is_file():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(checkpoint, str(file))
        except (URLError, OSError) as error:
            raise WeightFileError(
                f"could not fetch {checkpoint} ({error}): download it on a machine "
                f"with network, and give its path or store it as '{file}'"
            ) from error
    return str(file)
