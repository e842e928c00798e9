"""The training images as the test images are seen: in order and not augmented."""

from mmengine.config import Config, ConfigDict


def training_images(cfg: Config) -> dict:
    """Make the config of a loader of all training images, each once.

    Args:
        cfg: Config of a run. The transforms are those of its ``test_dataloader``, and
            if it has none, those of training.

    Returns:
        The config of the loader.
    """
    like = cfg.get("test_dataloader") or cfg.train_dataloader
    pipeline = _images_of(like.dataset).pipeline
    return dict(
        batch_size=like.batch_size,
        num_workers=like.num_workers,
        dataset=dict(_images_of(cfg.train_dataloader.dataset), pipeline=pipeline),
        sampler=dict(type="DefaultSampler", shuffle=False),
        collate_fn=dict(type="default_collate"),
    )


def _images_of(dataset: ConfigDict) -> ConfigDict:
    """Take away the wrappers, such as ``DualSamplerDataset``."""
    while "dataset" in dataset:
        dataset = dataset.dataset
    return dataset
