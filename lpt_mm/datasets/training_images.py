"""The training images as the test images are seen: in order and not augmented."""

from collections.abc import Callable, Mapping

from mmengine.config import Config
from mmpretrain.registry import DATASETS

from lpt_mm.utils.errors import UserError

STREAMS = "DualSamplerDataset"


def training_images(cfg: Config) -> dict:
    """Make the config of a loader of all training images, in order.

    The transforms are those of the ``test_dataloader`` of a run's config, and if it has
    none, those of training.
    """
    if cfg.get("train_dataloader") is None:
        raise UserError("the config has no train_dataloader, and so no images")
    like = cfg.get("test_dataloader") or cfg.train_dataloader
    images = _without_streams(cfg.train_dataloader.dataset)
    return dict(
        batch_size=like.batch_size,
        num_workers=like.num_workers,
        dataset=with_pipeline(images, pipeline_of(like.dataset)),
        sampler=dict(type="DefaultSampler", shuffle=False),
        collate_fn=dict(type="default_collate"),
    )


def with_pipeline(dataset: Mapping, pipeline: list) -> dict:
    """Replace the transforms in a config, but keep wrappers, which choose images."""
    inner = _inside(dataset, lambda inner: with_pipeline(inner, pipeline))
    return dict(dataset, **(inner or dict(pipeline=pipeline)))


def _without_streams(dataset: Mapping) -> Mapping:
    """Take ``DualSamplerDataset`` off, which reads draws and no plain indices."""
    if str(getattr(dataset["type"], "__name__", dataset["type"])).endswith(STREAMS):
        return _without_streams(dataset["dataset"])
    return dict(dataset, **_inside(dataset, _without_streams))


def pipeline_of(dataset: Mapping) -> list:
    """Find the transforms, in wrappers those of the first data set."""
    return _innermost(dataset).get("pipeline", [])


def class_names_of(dataset: Mapping) -> tuple[str, ...] | None:
    """Find the names of the classes, if no data have to be read for them."""
    dataset = _innermost(dataset)
    kind, metainfo = dataset["type"], dataset.get("metainfo") or {}
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    known = getattr(kind, "METAINFO", {})
    names = metainfo.get("classes") or dataset.get("classes") or known.get("classes")
    return tuple(names) if isinstance(names, list | tuple) else None


def _innermost(dataset: Mapping) -> Mapping:
    inner = dataset.get("dataset") or next(iter(dataset.get("datasets", ())), None)
    return _innermost(inner) if inner else dataset


def _inside(dataset: Mapping, change: Callable) -> dict:
    """Change what a wrapper such as ``LongTailedSubset`` or ``ConcatDataset`` holds."""
    held = {key: dataset[key] for key in ("dataset", "datasets") if dataset.get(key)}
    return {
        key: change(value) if isinstance(value, Mapping) else [*map(change, value)]
        for key, value in held.items()
    }
