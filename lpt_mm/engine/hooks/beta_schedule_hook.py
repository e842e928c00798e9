"""The weight of the instance-balanced loss."""

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model

from lpt_mm.datasets.dual_sampler_dataset import dual_collate
from lpt_mm.datasets.samplers import DualSampler
from lpt_mm.utils.errors import UserError


@HOOKS.register_module()
class BetaScheduleHook(Hook):
    """Lower the weight of the instance-balanced loss linearly to 0.

    In epoch e of E it is ``beta = eta * (E - e) / E``, e counted from 0; it is logged
    as ``beta``. Without dual sampling the hook does nothing. Source: Long-tailed Prompt
    Tuning, section 4.4, https://arxiv.org/abs/2210.01033.

    Args:
        eta: Weight in the first epoch.

    Raises:
        UserError: If ``eta`` is negative.
    """

    def __init__(self, eta: float = 0.5) -> None:
        if eta < 0:
            raise UserError(f"eta must not be negative, got {eta}")
        self.eta = eta

    def before_train(self, runner: Runner) -> None:
        """Check that dual samples are collated and trained on as such, by epochs."""
        loader = runner.train_dataloader
        if not isinstance(loader.sampler, DualSampler):
            return
        collate = getattr(loader.collate_fn, "func", loader.collate_fn)
        if collate is not dual_collate:
            raise UserError(
                "DualSampler and DualSamplerDataset give pairs of samples, which "
                f"{collate.__name__} cannot batch: set "
                "train_dataloader.collate_fn=dict(type='dual_collate')"
            )
        model = get_ori_model(runner.model)
        if not hasattr(model, "beta"):
            raise UserError(
                f"{type(model).__name__} does not split dual batches: use "
                "LPTClassifier, or another sampler than DualSampler"
            )
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            raise UserError(
                "beta falls by epoch: set train_cfg.type='ResumableTrainLoop'"
            )

    def before_train_epoch(self, runner: Runner) -> None:
        """Set beta for the epoch."""
        if not isinstance(runner.train_dataloader.sampler, DualSampler):
            return
        beta = self.eta * (runner.max_epochs - runner.epoch) / runner.max_epochs
        get_ori_model(runner.model).beta = beta
        runner.message_hub.update_scalar("train/beta", beta)
