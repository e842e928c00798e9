"""The training images as the test images are seen: in order and not augmented."""

from mmengine.config import Config, ConfigDict


def training_images(cfg: Config) -> dict:
    """Make the config of a loader of all training images, in order.

    Args:
        cfg: Config of a run. The transforms are those of its ``test_dataloader``, and
            if it has none, those of training.

    Returns:
        The config of the loader.

    Raises:
        ValueError: If there is no training set.
    """
    if cfg.get("train_dataloader") is None:
        raise ValueError("the config has no train_dataloader, and so no images")
    train = cfg.train_dataloader.dataset
    if train.type == "DualSamplerDataset":
        train = train.dataset
    like = cfg.get("test_dataloader") or cfg.train_dataloader
    return dict(
        batch_size=like.batch_size,
        num_workers=like.num_workers,
        dataset=_with_pipeline(train, _pipeline_of(like.dataset)),
        sampler=dict(type="DefaultSampler", shuffle=False),
        collate_fn=dict(type="default_collate"),
    )


def _pipeline_of(dataset: ConfigDict) -> list:
    """Find the transforms, inside of wrappers such as ``LongTailedSubset``."""
    return _pipeline_of(dataset.dataset) if "dataset" in dataset else dataset.pipeline


def _with_pipeline(dataset: ConfigDict, pipeline: list) -> dict:
    """Replace the transforms, but keep the wrappers, which choose images."""
    if "dataset" in dataset:
        return dict(dataset, dataset=_with_pipeline(dataset.dataset, pipeline))
    return dict(dataset, pipeline=pipeline)
