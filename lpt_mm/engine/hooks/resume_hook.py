"""How a run goes on from a checkpoint, under the settings that hold now."""

import warnings
from collections.abc import Iterator, Mapping

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from lpt_mm.engine.hooks.settings_check_hook import to_json
from lpt_mm.engine.loops.resumable_train_loop import (
    BEGUN,
    ResumableTrainLoop,
    accumulative_counts,
)
from lpt_mm.engine.optimizers.state import carry_state
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import list_some
from lpt_mm.weights.errors import WeightFileError

NEEDED = ("optimizer", "message_hub", "meta")
POSITION = ("epoch", "iter", "seed")
# Parts of the config that training depends on.
TRAINING = (
    "model",
    "train_dataloader",
    "train_cfg",
    "optim_wrapper",
    "param_scheduler",
    "auto_scale_lr",
    "custom_hooks",
)
# What must be the same where a run goes on in the middle of an epoch.
WITHIN_EPOCH = ("images", "images_per_step", "steps_per_epoch", "accumulative_counts")
# Changes that no setting shows.
BESIDE_SETTINGS = ("images", "processes")


@HOOKS.register_module()
class ResumeHook(Hook):
    """Go on with a run under the settings of the config, and say which are new.

    The checkpoint brings weights, the state of the optimizer, and how far the run is;
    learning rate, schedule and beta are those of the config at that place. Without a
    change the run goes on exactly. In the middle of an epoch its batches cannot change,
    and never the seed (see ``docs/reliability.md``). For ``ResumableTrainLoop`` alone.
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
        lacking = [key for key in NEEDED if key not in checkpoint]
        if lacking := lacking + [f"meta.{key}" for key in POSITION if key not in meta]:
            raise WeightFileError(f"the checkpoint lacks {', '.join(lacking)}")
        seed, own = meta["seed"], runner._randomness_cfg.get("seed")
        own = runner.seed if own is None else own
        if own != seed:
            raise WeightFileError(
                f"the run began with seed {seed}, and cannot go on with {own}: add "
                f"--cfg-options randomness.seed={seed}"
            )
        now = _describe_run(runner)
        epoch, done = _find_position(checkpoint, now)
        steps = now["steps_per_epoch"]  # by which those of the checkpoint count anew
        meta["iter"] = epoch * steps + done
        checkpoint["message_hub"]["runtime_info"][BEGUN] = [epoch, epoch * steps, steps]
        checkpoint["param_schedulers"] = _rebuild_schedule(runner, epoch, done, steps)
        state = carry_state(runner.optim_wrapper, checkpoint["optimizer"])
        checkpoint["optimizer"] = state
        # What mmengine compares with this is compared by StartHook.
        meta["dataset_meta"] = runner.train_dataloader.dataset.metainfo
        self.is_prepared = True
        _report(runner, epoch, done, _describe_changes(meta.get("run", {}), now))

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
        checkpoint["meta"]["run"] = _describe_run(runner)


def _describe_run(runner: Runner) -> dict[str, object]:
    """Give what a run that goes on has to know: lengths, and the settings by name."""
    loader, cfg = runner.train_dataloader, runner.cfg
    batch = getattr(loader.batch_sampler, "batch_size", None)
    beta_schedule = (cfg.get("default_hooks") or {}).get("beta_schedule")
    settings = {key: cfg.get(key) for key in TRAINING}
    settings["default_hooks"] = dict(beta_schedule=beta_schedule)
    return dict(
        max_epochs=runner.max_epochs,
        images=len(loader.dataset),
        steps_per_epoch=len(loader),
        images_per_step=batch and batch * runner.world_size,
        accumulative_counts=accumulative_counts(runner.optim_wrapper),
        processes=runner.world_size,
        settings=dict(_flatten(settings)),
    )


def _flatten(values: Mapping, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Go through the values of a config, with names that have dots."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", to_json(value)


def _find_position(checkpoint: Mapping, now: Mapping[str, object]) -> tuple[int, int]:
    """Find the epochs that are done, and the steps, all of whole accumulations."""
    meta, hub = checkpoint["meta"], checkpoint["message_hub"]["runtime_info"]
    epoch, planned = meta["epoch"], now["max_epochs"]
    if epoch > planned:
        raise WeightFileError(
            f"the checkpoint has done {epoch} epochs, more than train_cfg.max_epochs="
            f"{planned}"
        )
    begun, start, steps = hub.get(BEGUN, (-1, 0, 0))
    if begun != epoch or meta["iter"] == start:
        return epoch, 0
    done = meta["iter"] - start
    before = {**meta.get("run", {}), "steps_per_epoch": steps}
    changes = [
        f"{name} {before[name]} -> {now[name]}"
        for name in WITHIN_EPOCH
        if before.get(name, now[name]) != now[name]
    ]
    if changes:
        raise WeightFileError(
            f"the checkpoint was saved in the middle of an epoch ({done} of {steps} "
            f"steps), in which these cannot change: {', '.join(changes)}; set them as "
            "before, or go on from the end of an epoch"
        )
    if not 0 < done <= steps:
        raise WeightFileError("the checkpoint is damaged: it has no valid begun_epoch")
    if done == steps:  # saved between the last step and the end of the epoch
        return epoch, done
    begun_accumulation = done % now["accumulative_counts"]
    if begun_accumulation and "ema_state_dict" in checkpoint:
        raise WeightFileError(
            "the checkpoint holds averages of weights, and was saved between two steps "
            "of the optimizer: go on from the end of an epoch"
        )
    return epoch, done - begun_accumulation


def _rebuild_schedule(runner: Runner, epoch: int, done: int, steps: int) -> list[dict]:
    """Bring optimizer and schedulers to where the run is; the latter's states."""
    schedulers = runner.param_schedulers or []
    if any(getattr(s, "need_val_args", False) for s in schedulers):
        raise WeightFileError(
            "a schedule that follows the validation (ReduceOnPlateauLR) cannot be "
            "resumed: use one that is a function of the step"
        )
    by_step = [s for s in schedulers if not s.by_epoch]
    by_epoch = [s for s in schedulers if s.by_epoch]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the optimizer made no step in between
        for step in range(1, epoch * steps + done + 1):
            for scheduler in by_step:
                scheduler.step()
            if step % steps == 0 and step <= epoch * steps:
                for scheduler in by_epoch:
                    scheduler.step()
    return [s.state_dict() for s in schedulers]


def _describe_changes(before: Mapping, now: Mapping) -> list[str]:
    """Say which settings differ, of a run then and now: ``name: value -> value``."""
    pairs = {k: (before.get(k, now[k]), now[k]) for k in BESIDE_SETTINGS}
    then, settings = before.get("settings"), now["settings"]
    if isinstance(then, dict):
        names = sorted(then.keys() | settings.keys())
        pairs |= {name: (then.get(name), settings.get(name)) for name in names}
    return [f"{k}: {old!r} -> {new!r}" for k, (old, new) in pairs.items() if old != new]


def _report(runner: Runner, epoch: int, done: int, changes: list[str]) -> None:
    rate = runner.optim_wrapper.get_lr()["lr"][0]
    place = f"epoch {epoch + 1} of {runner.max_epochs}, step {done + 1}"
    how = "as if it had not been interrupted"
    if changes:
        how = f"with other settings from here on ({list_some(changes)})"
    runner.logger.info(f"the run goes on at {place}, learning rate {rate:.4g}, {how}")
