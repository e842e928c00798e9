"""Speed of a config's training pipeline on one core."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS, MODELS

from lpt_mm.cost.timing import Timing, time_in_turns

BATCH_SIZE = 8  # a larger one measures how fast the system hands out memory
CPU = torch.device("cpu")


@dataclass
class DataSpeed:
    """What reading images costs.

    Args:
        timing: Seconds of all images.
        num_images: How many.
    """

    timing: Timing
    num_images: int

    def as_dict(self) -> dict:
        """Return the numbers for JSON.

        Returns:
            Images and seconds, of one core.
        """
        return dict(
            images_per_second=self.num_images / self.timing.median,
            seconds_per_image=self.timing.median / self.num_images,
            seconds_of_all_images=self.timing.seconds,
            images=self.num_images,
        )


def measure_data_speed(
    cfg: Config,
    num_images: int,
    repeats: int,
    reference: Callable[[str, int, list[float], list[float]], torch.Tensor]
    | None = None,
) -> dict[str, DataSpeed]:
    """Measure how fast one core makes normalised batches of the training images.

    Args:
        cfg: The config; images are drawn at random, the same in each run.
        num_images: Images of a run.
        repeats: Timed runs.
        reference: Makes a normalised image of a file, given its path, the size of the
            result, mean and standard deviation.

    Returns:
        ``config`` and, with a reference, ``reference``.

    Raises:
        ValueError: If the data set has no image files to compare on.
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
            raise ValueError(
                f"{type(dataset).__name__} has no image files: run without --baseline"
            )
        functions["reference"] = lambda: [
            reference(path, size, mean, std) for path in paths
        ]
    with _one_thread():
        timings = time_in_turns(functions, repeats, CPU)
    return {name: DataSpeed(timing, num_images) for name, timing in timings.items()}


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute on one core, as a worker of a data loader does."""
    threads, threads_cv2 = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        cv2.setNumThreads(threads_cv2)
