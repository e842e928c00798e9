"""The training images as the test images are seen: in order and not augmented."""

from collections.abc import Callable, Mapping, Sequence

from mmengine.config import Config

from lpt_mm.utils.errors import UserError

STREAMS = "DualSamplerDataset"


def training_images(cfg: Config) -> dict:
    """Make the config of a loader of all training images, in order.

    Args:
        cfg: Config of a run. The transforms are those of its ``test_dataloader``, and
            if it has none, those of training.

    Returns:
        The config of the loader.

    Raises:
        UserError: If there is no training set.
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
    if not (inner := _wrapped(dataset)):
        return dict(dataset, pipeline=pipeline)
    return dict(dataset, **_map(inner, lambda x: with_pipeline(x, pipeline)))


def _without_streams(dataset: Mapping) -> Mapping:
    """Take ``DualSamplerDataset`` off, which reads draws and no plain indices."""
    inner = _wrapped(dataset)
    if str(getattr(dataset["type"], "__name__", dataset["type"])).endswith(STREAMS):
        return _without_streams(inner["dataset"])
    return dict(dataset, **_map(inner, _without_streams))


def pipeline_of(dataset: Mapping) -> list:
    """Find the transforms, in wrappers those of the first data set."""
    for inner in _wrapped(dataset).values():
        return pipeline_of(inner if isinstance(inner, Mapping) else inner[0])
    return dataset.get("pipeline", [])


def _wrapped(dataset: Mapping) -> dict[str, Mapping | Sequence[Mapping]]:
    """Give what a wrapper such as ``LongTailedSubset`` or ``ConcatDataset`` holds."""
    return {key: dataset[key] for key in ("dataset", "datasets") if dataset.get(key)}


def _map(inner: dict, change: Callable[[Mapping], Mapping]) -> dict:
    return {
        key: change(value) if isinstance(value, Mapping) else [*map(change, value)]
        for key, value in inner.items()
    }
