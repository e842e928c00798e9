"""Batches of images, of any source or of a split of a config, for a model."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.data import DataLoader

from lpt_mm.datasets.training_images import (
    pipeline_of,
    training_images,
    with_pipeline,
)
from lpt_mm.inference.images import ImageLike
from lpt_mm.inference.predictor import Predictor
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable

SPLITS = ("train", "val", "test")


class Batch(NamedTuple):
    """Images that are computed at a time."""

    inputs: Tensor | None  # (n, C, H, W) on the device of the model; None of no image
    paths: list[str]  # of the n images
    labels: list[int | None]
    unread: int = 0  # further images, which could not be read


def batches_of_files(
    predictor: Predictor,
    images: Iterable[ImageLike],
    batch_size: int,
    labels: Mapping[str, int] | None = None,
) -> Iterator[Batch]:
    """Read images as predictions do.

    Args:
        predictor: The model.
        images: Paths, or images in archives.
        batch_size: Images of a batch.
        labels: Class indices by the names of the folders that images of a class lie in,
            where these tell.

    Yields:
        The images in order.
    """
    for batch in predictor.views.reader.batches(images, batch_size, strict=False):
        good = [image for image in batch if image.error is None]
        # Names of files need not be UTF-8.
        paths = [x.path.encode(errors="backslashreplace").decode() for x in good]
        known = [(labels or {}).get(Path(path).parent.name) for path in paths]
        inputs = predictor.views.whole(good) if good else None
        yield Batch(inputs, paths, known, len(batch) - len(good))


def open_split(cfg: Config, split: str) -> DataLoader:
    """Open a split of a config, with the transforms of its test.

    Args:
        cfg: The config.
        split: ``'train'``, ``'val'`` or ``'test'``.

    Returns:
        A loader of the images in order.

    Raises:
        UserError: If the config has no such split.
    """
    name = f"{split}_dataloader"
    if cfg.get(name) is None or cfg.get("test_dataloader") is None:
        raise UserError(
            f"{printable(cfg.filename)} has no {name} or no test_dataloader, whose "
            "transforms are needed"
        )
    if split == "train":
        return Runner.build_dataloader(training_images(cfg), seed=0)
    pipeline = pipeline_of(cfg.test_dataloader.dataset)
    loader = dict(cfg[name], dataset=with_pipeline(cfg[name].dataset, pipeline))
    loader["sampler"] = dict(type="DefaultSampler", shuffle=False)
    return Runner.build_dataloader(loader, seed=0)


def batches_of_split(predictor: Predictor, loader: DataLoader) -> Iterator[Batch]:
    """Read a split as a test does.

    Args:
        predictor: The model.
        loader: The split, of :func:`open_split`.

    Yields:
        The images in order; those in no file are called by their place.
    """
    place = 0
    for batch in loader:
        batch = predictor.model.data_preprocessor(batch)
        samples = batch["data_samples"]
        infos = [loader.dataset.get_data_info(place + i) for i in range(len(samples))]
        paths = [str(x.get("img_path", place + i)) for i, x in enumerate(infos)]
        yield Batch(batch["inputs"], paths, [int(x.gt_label) for x in samples])
        place += len(samples)
