"""The noise in the choice of groups."""

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model
from torch import nn

from lpt_mm.utils.errors import UserError


@HOOKS.register_module()
class ChoiceNoiseHook(Hook):
    """Lower the noise in the choice of groups linearly to 0.

    In epoch e of E its scale is ``choice_noise * (E - e) / E``, e counted from 0, with
    the ``choice_noise`` of the ``GroupPromptNeck``; it is logged as ``choice_noise``.
    Without noise the hook does nothing.
    """

    def before_train(self, runner: Runner) -> None:
        """Check that training is by epochs."""
        by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
        if _neck_with_noise(runner) is not None and not by_epoch:
            raise UserError(
                "choice_noise falls by epoch: set train_cfg.type='ResumableTrainLoop'"
            )

    def before_train_epoch(self, runner: Runner) -> None:
        """Set the scale for the epoch."""
        neck = _neck_with_noise(runner)
        if neck is None:
            return
        left = (runner.max_epochs - runner.epoch) / runner.max_epochs
        neck.noise_scale = neck.choice_noise * left
        runner.message_hub.update_scalar("train/choice_noise", neck.noise_scale)


def _neck_with_noise(runner: Runner) -> nn.Module | None:
    neck = getattr(get_ori_model(runner.model), "neck", None)
    return neck if getattr(neck, "choice_noise", 0) else None
