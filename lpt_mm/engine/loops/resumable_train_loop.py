"""Training by epochs that an interruption does not change."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice

from mmengine.dataset import InfiniteSampler
from mmengine.dist import get_rank
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmpretrain.registry import LOOPS
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, Sampler

from lpt_mm.utils.errors import UserError
from lpt_mm.utils.seeds import seed_all

# Where the message hub, and so a checkpoint, says what epoch was begun: its number, the
# steps before it and its own.
BEGUN = "begun_epoch"


@LOOPS.register_module()
class ResumableTrainLoop(EpochBasedTrainLoop):
    """``EpochBasedTrainLoop`` that goes on exactly where a checkpoint was saved.

    Each step draws its random numbers (loss noise, dropout) by run seed, step and
    process, and each sample its own by run seed, epoch and draw, where the data set has
    ``start_epoch`` as ``DualSamplerDataset`` has. Of an epoch that was begun only the
    steps that are left are run, and a validation that was due when the run ended is
    made up for. Gradients are not accumulated across the end of an epoch, and the
    learning rate follows the images of a step of the optimizer.
    """

    def __init__(self, runner: Runner, *args: object, **kwargs: object) -> None:
        super().__init__(runner, *args, **kwargs)
        require_step(self.dataloader)
        # The learning rate follows the images of a step, and not of a batch.
        counts, scaling = (
            accumulative_counts(runner.optim_wrapper),
            runner.auto_scale_lr,
        )
        if counts > 1 and scaling is not None and scaling.get("enable"):
            base = scaling["base_batch_size"] / counts
            runner.auto_scale_lr = dict(scaling, base_batch_size=base)
            runner.logger.info(
                f"gradients of {counts} batches make a step: the learning rate is "
                f"scaled by that, too, as by a base_batch_size of {base:g}"
            )

    def run(self) -> nn.Module:
        """Train the model, and return it."""
        epoch, start, _ = self.runner.message_hub.runtime_info.get(BEGUN, (-1, 0, 0))
        done = self._iter - start if epoch == self._epoch else 0  # before a resume
        self.runner.call_hook("before_train")
        if self._epoch > 0 and not done:
            self._validate()  # the checkpoint was saved before this
        while self._epoch < self._max_epochs and not self.stop_training:
            self._run_epoch_from(done)
            self._validate()
            done = 0
        self.runner.call_hook("after_train")
        return self.runner.model

    def _run_epoch_from(self, done: int) -> None:
        """Run the steps of an epoch that are left after the first ``done`` ones."""
        runner, steps = self.runner, len(self.dataloader)
        runner.message_hub.update_info(BEGUN, [self._epoch, self._iter - done, steps])
        # From the first batch on, so that each epoch ends with a step of the optimizer.
        runner.optim_wrapper.initialize_count_status(runner.model, done, steps)
        start_data_epoch = getattr(self.dataloader.dataset, "start_epoch", None)
        if start_data_epoch is not None:
            start_data_epoch(runner.seed, self._epoch)
        runner.call_hook("before_train_epoch")
        runner.model.train()
        with _skipping(self.dataloader, done):
            batches = iter(self.dataloader)
            for i in range(done, steps):
                seed_all(runner.seed, self._iter, get_rank())
                self.run_iter(i, next(batches))
        runner.call_hook("after_train_epoch")
        self._epoch += 1

    def _validate(self) -> None:
        """Validate if that is due."""
        self._decide_current_val_interval()
        if self.runner.val_loop is None or self._epoch < self.val_begin:
            return
        if self._epoch % self.val_interval == 0 or self._epoch == self._max_epochs:
            self.runner.val_loop.run()


def accumulative_counts(optim_wrapper: OptimWrapper | Mapping | None) -> int:
    """Count the batches of a step of an optimizer, from its wrapper or the config."""
    if isinstance(optim_wrapper, OptimWrapper):
        return optim_wrapper._accumulative_counts
    return (optim_wrapper or {}).get("accumulative_counts", 1)


def require_step(loader: DataLoader) -> None:
    """Refuse a batch of more training images than there are: it would never be full."""
    # An infinite sampler fills its batches from any number of images.
    if len(loader) == 0 and not isinstance(loader.sampler, InfiniteSampler):
        raise UserError(
            f"no full batch: each process has {len(loader.sampler)} of the "
            f"{len(loader.dataset)} training images in an epoch, fewer than "
            f"batch_size={loader.batch_size}, and drop_last=True leaves them out: "
            "lower train_dataloader.batch_size"
        )


@contextmanager
def _skipping(loader: DataLoader, batches: int) -> Iterator[None]:
    """Let a loader begin later in its epoch, without reading what comes before."""
    if not batches:
        yield
        return
    batch_sampler = loader.batch_sampler
    if not isinstance(batch_sampler, BatchSampler):
        raise UserError(
            "this checkpoint was saved in the middle of an epoch, where only torch's "
            f"own BatchSampler can go on, not {type(batch_sampler).__name__}: resume "
            "from one that was saved at the end of an epoch"
        )
    whole = batch_sampler.sampler
    batch_sampler.sampler = _Rest(whole, batches * batch_sampler.batch_size)
    try:
        yield
    finally:
        batch_sampler.sampler = whole


class _Rest(Sampler):
    """What a sampler draws after its first draws; as long as the whole."""

    def __init__(self, sampler: Sampler, start: int) -> None:
        self.sampler = sampler
        self.start = start

    def __iter__(self) -> Iterator:
        return islice(self.sampler, self.start, None)

    def __len__(self) -> int:
        return len(self.sampler)
