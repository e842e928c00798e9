"""Resuming: what comes out of the file, and what of the config."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from lpt_mm.engine.loops.resumable_train_loop import BEGUN, ResumableTrainLoop
from lpt_mm.engine.optimizers.state import carry_state
from lpt_mm.engine.resume import (
    describe_changes,
    describe_run,
    find_position,
    rebuild_schedule,
)
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import list_some
from lpt_mm.weights.errors import WeightFileError

NEEDED = ("optimizer", "message_hub", "meta")


@HOOKS.register_module()
class ResumeHook(Hook):
    """Go on with a run under the settings of the config, and say which are new.

    Without a change the run goes on exactly. The learning rate and its schedule are
    those of the config at the place where the run is, beta likewise; the optimizer
    keeps its momentum. In the middle of an epoch its batches cannot change, and never
    the seed. ``docs/reliability.md`` has the table. For ``ResumableTrainLoop`` alone.
    """

    priority = "VERY_HIGH"  # before the hooks that look at what was loaded

    def __init__(self) -> None:
        self.is_prepared = False

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Put the settings of now into a checkpoint that a run goes on from."""
        loop = runner._train_loop
        if not runner._resume or not isinstance(loop, ResumableTrainLoop):
            return
        meta = checkpoint["meta"]
        if lacking := [key for key in NEEDED if key not in checkpoint] + [
            f"meta.{key}" for key in ("epoch", "iter", "seed") if key not in meta
        ]:
            raise WeightFileError(f"the checkpoint lacks {', '.join(lacking)}")
        _check_seed(runner, meta["seed"])
        now = describe_run(runner)
        epoch, done = find_position(checkpoint, now)
        steps = now["steps_per_epoch"]  # by which those of the checkpoint count anew
        meta["iter"] = epoch * steps + done
        checkpoint["message_hub"]["runtime_info"][BEGUN] = [epoch, epoch * steps, steps]
        checkpoint["param_schedulers"] = rebuild_schedule(runner, epoch, done, steps)
        checkpoint["optimizer"] = carry_state(
            runner.optim_wrapper, checkpoint["optimizer"]
        )
        # What mmengine compares with this is compared by StartHook.
        meta["dataset_meta"] = runner.train_dataloader.dataset.metainfo
        self.is_prepared = True
        _report(runner, epoch, done, describe_changes(meta.get("run", {}), now))

    def before_train(self, runner: Runner) -> None:
        """Refuse a run that goes on past this hook, by ``runner.resume``."""
        loop = runner.train_loop
        if isinstance(loop, ResumableTrainLoop) and loop.iter and not self.is_prepared:
            raise UserError(
                "set resume=True and load_from in the config instead of calling "
                "runner.resume, which keeps the old schedule"
            )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Save what a run that goes on from here has to know."""
        checkpoint["meta"]["run"] = describe_run(runner)


def _check_seed(runner: Runner, seed: int) -> None:
    """Refuse to go on with another seed than a run began with."""
    set_to = runner._randomness_cfg.get("seed")
    own = runner.seed if set_to is None else set_to
    if own != seed:
        raise WeightFileError(
            f"the run began with seed {seed}, and cannot go on with {own}: add "
            f"--cfg-options randomness.seed={seed}"
        )


def _report(runner: Runner, epoch: int, done: int, changes: list[str]) -> None:
    rate = runner.optim_wrapper.get_lr()["lr"][0]
    place = f"epoch {epoch + 1} of {runner.max_epochs}, step {done + 1}"
    how = "as if it had not been interrupted"
    if changes:
        how = f"with other settings from here on ({list_some(changes)})"
    runner.logger.info(f"the run goes on at {place}, learning rate {rate:.4g}, {how}")
