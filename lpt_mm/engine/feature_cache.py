"""Features kept on disk, for later runs on the same model and images."""

import json
import os
from collections.abc import Iterable, Mapping
from hashlib import sha256
from logging import WARNING
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.logging import print_log
from torch import Tensor, nn
from torch.utils.data import Dataset

from lpt_mm.datasets.training_images import pipeline_of
from lpt_mm.engine.hooks.settings_check_hook import preprocessor_of, to_json
from lpt_mm.utils.new_file import new_file
from lpt_mm.version import __version__
from lpt_mm.weights.comparison import find_non_finite
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.model_file import digest_tensors, read_model, write_model

# What a backbone is built with, and its features do not depend on.
NOT_OF_FEATURES = {
    *("init_cfg", "compile", "with_cp", "frozen", "frozen_prompts", "prompt_init")
}
FEATURE, LABEL = "feature", "label"


class FeatureCache:
    """A folder of features, a file for each model and set of images.

    A file holds ``feature`` (N, D) and ``label`` (N,), and says in its metadata what
    they depend on. One that is damaged, or says anything else than is asked for, is
    never used.

    Args:
        folder: The folder, which is made when it is needed.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self.folder = Path(folder)

    def read(self, key: Mapping[str, object], label: np.ndarray) -> Tensor | None:
        """Read features (N, D) of images with labels (N,), if they are there."""
        file = self._file_of(key)
        if not file.is_file():
            return None
        try:
            tensors, meta = read_model(file)
        except (WeightFileError, OSError) as error:
            print_log(f"computing features again: {error}", "current", WARNING)
            return None
        feature = tensors.get(FEATURE)
        is_asked_for = (
            meta.get("settings") == key
            and feature is not None
            and feature.ndim == 2
            and len(feature) == len(label)
            and find_non_finite({FEATURE: feature}) is None
            and np.array_equal(tensors.get(LABEL, ()), label)
        )
        if not is_asked_for:
            text = f"computing features again: '{file}' is of other images or weights"
            print_log(text, "current", WARNING)
            return None
        print_log(f"features of the training images: '{file}'", "current")
        return feature

    def write(self, key: Mapping[str, object], feature: Tensor, label: Tensor) -> None:
        """Keep features (N, D) of images with labels (N,); warn if that fails."""
        file = self._file_of(key)
        content = write_model({FEATURE: feature, LABEL: label}, dict(settings=key))
        try:
            with new_file(file, overwrite=True) as temporary:
                temporary.write_bytes(content)
        except OSError as error:  # nothing is lost but time
            print_log(f"features are not kept: {error}", "current", WARNING)

    def _file_of(self, key: Mapping[str, object]) -> Path:
        text = json.dumps(key, sort_keys=True)
        return self.folder / f"{sha256(text.encode()).hexdigest()[:16]}.safetensors"


def describe_features(
    cfg: Config, loader: Mapping, dataset: Dataset, indices: Iterable[int], kind: str
) -> dict[str, object] | None:
    """Say what features of some images depend on, beside the backbone's tensors.

    Args:
        cfg: Config of the run.
        loader: Config of the loader of the images.
        dataset: The images.
        indices: Which of them.
        kind: Which features of the model.

    Returns:
        Plain facts; None if they cannot be told from the config and the images.
    """
    backbone = (cfg.get("model") or {}).get("backbone")
    images = _digest_images(dataset, indices)
    if not isinstance(backbone, Mapping) or images is None:
        return None
    settings = {k: v for k, v in backbone.items() if k not in NOT_OF_FEATURES}
    return to_json(
        dict(
            kind=kind,
            backbone=settings,
            data_preprocessor=preprocessor_of(cfg),
            pipeline=pipeline_of(loader["dataset"]),
            images=images,
            lpt_mm=__version__,
        )
    )


def digest_module(module: nn.Module) -> str:
    """Compute a SHA-256 digest of all tensors of a module, to the last bit."""
    state = {name: tensor.cpu() for name, tensor in module.state_dict().items()}
    return digest_tensors(state, "")


def _digest_images(dataset: Dataset, indices: Iterable[int]) -> str | None:
    """Compute a digest of labels, and of files by name, size and time, or of pixels."""
    if not hasattr(dataset, "get_data_info"):
        return None
    digest = sha256()
    for index in indices:
        info = dataset.get_data_info(int(index))
        if "img" in info:
            pixels = np.ascontiguousarray(info["img"])
            what = f"{pixels.dtype} {pixels.shape}"
            digest.update(pixels.tobytes())
        elif "img_path" in info and os.path.isfile(info["img_path"]):
            stat = os.stat(info["img_path"])
            path = os.path.abspath(info["img_path"])
            what = f"{path} {stat.st_size} {stat.st_mtime_ns}"
        else:
            return None
        digest.update(f"{what} {info['gt_label']}\n".encode())
    return digest.hexdigest()
