"""Speed of a config's training pipeline on one core."""

from collections.abc import Callable
from statistics import median

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS, MODELS

from lpt_mm.cost.resources import time_in_turns
from lpt_mm.utils.errors import UserError

BATCH_SIZE = 8  # a larger one measures how fast the system hands out memory
CPU = torch.device("cpu")


def measure_data_speed(
    cfg: Config,
    num_images: int,
    repeats: int,
    reference: Callable[..., torch.Tensor] | None = None,
) -> dict[str, dict]:
    """Measure how fast one core makes normalised batches of random training images.

    A reference makes a normalised image of a file, given its path, the size of the
    result, mean and standard deviation; it needs a data set of files.
    """
    init_default_scope(cfg.get("default_scope", "mmengine"))
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    dataset = getattr(dataset, "dataset", dataset)  # inside of the dual sampling
    indices = np.random.default_rng(0).integers(len(dataset), size=num_images).tolist()
    normalise = MODELS.build(cfg.model.data_preprocessor)

    def run_config() -> None:
        for start in range(0, num_images, BATCH_SIZE):
            batch = [dataset[i] for i in indices[start : start + BATCH_SIZE]]
            normalise(default_collate(batch))

    functions = {"config": run_config}
    if reference is not None:
        size = dataset[0]["inputs"].shape[-1]
        mean, std = (getattr(normalise, k).flatten().tolist() for k in ("mean", "std"))
        paths = [dataset.get_data_info(i).get("img_path") for i in indices]
        if None in paths:
            raise UserError(
                f"{type(dataset).__name__} has no image files: run without --baseline"
            )
        functions["reference"] = lambda: [reference(p, size, mean, std) for p in paths]
    threads, threads_cv2 = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)  # as a worker of a data loader has
    cv2.setNumThreads(1)
    try:
        seconds = time_in_turns(functions, repeats, CPU)
    finally:
        torch.set_num_threads(threads)
        cv2.setNumThreads(threads_cv2)
    return {
        name: dict(
            images_per_second=num_images / median(times),
            seconds_per_image=median(times) / num_images,
            seconds_of_all_images=times,
            images=num_images,
        )
        for name, times in seconds.items()
    }
