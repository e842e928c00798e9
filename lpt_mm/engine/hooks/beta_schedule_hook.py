"""The weight of the instance-balanced loss."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model

from lpt_mm.datasets.dual_sampler_dataset import DualSamplerDataset, dual_collate


@HOOKS.register_module()
class BetaScheduleHook(Hook):
    """Lower the weight of the instance-balanced loss linearly to 0.

    In epoch e of E it is ``beta = eta * (E - e) / E``, e counted from 0; it is logged
    as ``beta``. Source: Long-tailed Prompt Tuning, section 4.4,
    https://arxiv.org/abs/2210.01033.

    Args:
        eta: Weight in the first epoch.

    Raises:
        ValueError: If ``eta`` is negative.
    """

    def __init__(self, eta: float = 0.5) -> None:
        if eta < 0:
            raise ValueError(f"eta must not be negative, got {eta}")
        self.eta = eta

    def before_train(self, runner: Runner) -> None:
        """Check that a dual training set is collated as one.

        Args:
            runner: The runner.

        Raises:
            ValueError: If another collate function is set.
        """
        loader = runner.train_dataloader
        if not isinstance(loader.dataset, DualSamplerDataset):
            return
        collate = getattr(loader.collate_fn, "func", loader.collate_fn)
        if collate is not dual_collate:
            raise ValueError(
                "DualSamplerDataset gives pairs of samples, which "
                f"{collate.__name__} cannot batch: set "
                "train_dataloader.collate_fn=dict(type='dual_collate')"
            )

    def before_train_epoch(self, runner: Runner) -> None:
        """Set beta for the epoch.

        Args:
            runner: The runner.
        """
        beta = self.eta * (runner.max_epochs - runner.epoch) / runner.max_epochs
        get_ori_model(runner.model).beta = beta
        runner.message_hub.update_scalar("train/beta", beta)
