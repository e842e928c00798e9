"""Deferred re-weighting: rare classes weigh more from some epoch on."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmpretrain.registry import HOOKS
from torch import Tensor

from lpt_mm.engine.hooks.class_count_hook import ClassCountHook
from lpt_mm.engine.runner_state import classifier_of
from lpt_mm.models.losses.effective_number import (
    effective_number_weights,
    require_beta,
)
from lpt_mm.models.losses.long_tail_loss import SoftmaxLoss
from lpt_mm.utils.errors import UserError


@HOOKS.register_module()
class DeferredReweightHook(Hook):
    """Weight the loss of each image by its class, from an epoch on.

    The weights are those of ``ClassBalancedLoss``, by the inverse effective number of
    images; the loss is the weighted mean of a batch, of either half of a dual one.
    Source: Learning Imbalanced Datasets with
    Label-Distribution-Aware Margin Loss, section 3.4, https://arxiv.org/abs/1906.07413.

    Args:
        begin: First epoch, counted from 0, with weights.
        beta: Of the effective number, from 0, where all weights are 1, to below 1.

    Raises:
        UserError: If ``begin`` is negative, or ``beta`` out of its range.
    """

    def __init__(self, begin: int, beta: float = 0.9998) -> None:
        if begin < 0:
            raise UserError(f"begin must be an epoch, 0 or later, got {begin}")
        require_beta(beta)
        self.begin = begin
        self.beta = beta
        self._weight: Tensor | None = None

    def before_train(self, runner: Runner) -> None:
        """Compute the weights; refuse a run in which they would not be used."""
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            raise UserError(
                "re-weighting is deferred by epochs: set "
                "train_cfg.type='ResumableTrainLoop'"
            )
        if self.begin >= runner.max_epochs:
            raise UserError(
                f"begin={self.begin} of DeferredReweightHook is never reached: the "
                f"last of train_cfg.max_epochs={runner.max_epochs} epochs is "
                f"{runner.max_epochs - 1}, counted from 0"
            )
        _losses(runner)
        counter = (hook for hook in runner.hooks if isinstance(hook, ClassCountHook))
        counts = getattr(next(counter, None), "cls_num_list", None)
        if counts is None:
            raise UserError(
                "DeferredReweightHook needs the class counts: add "
                "dict(type='ClassCountHook') to custom_hooks"
            )
        counts = torch.tensor(counts, dtype=torch.float64)
        self._weight = effective_number_weights(counts, self.beta)

    def before_train_epoch(self, runner: Runner) -> None:
        """Set the weights for the epoch, or none."""
        is_weighted = runner.epoch >= self.begin
        if runner.epoch == self.begin:
            runner.logger.info(
                f"images are weighted by the effective number (beta {self.beta}) of "
                f"their class from here on, epoch {runner.epoch + 1}"
            )
        for loss in _losses(runner):
            loss.class_weight = self._weight if is_weighted else None


def _losses(runner: Runner) -> list[SoftmaxLoss]:
    """Find the losses of the head, of either half of a dual batch."""
    head = classifier_of(runner.model).head
    modules = (head.loss_module, getattr(head, "instance_loss_module", None))
    losses = [module for module in modules if module is not None]
    for loss in losses:
        if not isinstance(loss, SoftmaxLoss):
            raise UserError(
                f"DeferredReweightHook cannot weight {type(loss).__name__}: set "
                "model.head.loss to a loss of lpt_mm (for cross-entropy "
                "dict(type='LogitAdjustedLoss', tau=0))"
            )
    return losses
