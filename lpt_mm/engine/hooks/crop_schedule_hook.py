"""How large the random crops of an epoch are at least."""

from collections.abc import Iterator
from math import sqrt

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmpretrain.registry import HOOKS
from torch.utils.data import Dataset

from lpt_mm.datasets.transforms import GrowingSquareCrop
from lpt_mm.utils.errors import UserError

FIRST = 0.08  # of RandomResizedCrop


@HOOKS.register_module()
class CropScheduleHook(Hook):
    """Let the crops of ``GrowingSquareCrop`` grow to the whole image.

    In epoch e of E their least share of the area is ``0.08 + 0.92 (1 - sqrt(1 - t^2))``
    with ``t = e / (E - 1)``, e counted from 0; it is logged as ``least_share``. A
    training of one epoch has t = 0. Source: LIFT+, https://arxiv.org/abs/2504.13282.
    """

    def before_train(self, runner: Runner) -> None:
        """Check that there is something to set, by epochs."""
        if not list(_crops(runner.train_dataloader.dataset)):
            raise UserError(
                "CropScheduleHook: the training pipeline has no GrowingSquareCrop; put "
                "it in the place of LoadRandomResizedCrop, or remove the hook"
            )
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            raise UserError(
                "crops grow by epoch: set train_cfg.type='ResumableTrainLoop'"
            )

    def before_train_epoch(self, runner: Runner) -> None:
        """Set the least share for the epoch."""
        t = runner.epoch / max(runner.max_epochs - 1, 1)
        share = FIRST + (1 - FIRST) * (1 - sqrt(1 - t**2))
        for crop in _crops(runner.train_dataloader.dataset):
            crop.set_least_share(share)
        runner.message_hub.update_scalar("train/least_share", share)


def _crops(dataset: Dataset) -> Iterator[GrowingSquareCrop]:
    """Find the transforms of a data set, also within wrappers."""
    inner = getattr(dataset, "datasets", None) or [getattr(dataset, "dataset", None)]
    if inner != [None]:
        for part in inner:
            yield from _crops(part)
        return
    for transform in getattr(getattr(dataset, "pipeline", None), "transforms", ()):
        if isinstance(transform, GrowingSquareCrop):
            yield transform
