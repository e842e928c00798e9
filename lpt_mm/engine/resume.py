"""How a run goes on from a checkpoint, under the settings that hold now.

Settings (learning rate, schedule, length, batch) are those of the config; the file
brings weights, the state of the optimizer, and how far the run is. So nothing that is
changed for a resume is ignored, and where nothing is changed the run goes on exactly.
"""

import json
import warnings
from collections.abc import Iterator, Mapping

from mmengine.runner import Runner

from lpt_mm.engine.loops.resumable_train_loop import BEGUN, accumulative_counts
from lpt_mm.weights.errors import WeightFileError

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


def describe_run(runner: Runner) -> dict[str, object]:
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


def to_json(value: object) -> object:
    """Turn a part of a config into what comes back when it is saved and read."""
    return json.loads(json.dumps(value, default=str))


def find_position(checkpoint: Mapping, now: Mapping[str, object]) -> tuple[int, int]:
    """Find the epochs that are done, and the steps of the next one that are.

    ``now`` is :func:`describe_run`. Of an accumulation of gradients that was begun no
    step counts.
    """
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


def rebuild_schedule(runner: Runner, epoch: int, done: int, steps: int) -> list[dict]:
    """Bring the new schedulers to where the run is, as if they had always been set.

    That is after ``epoch`` epochs of ``steps`` steps, and ``done`` steps. The scheduled
    values of the optimizer are set; returned are the states of the schedulers.
    """
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


def describe_changes(before: Mapping, now: Mapping) -> list[str]:
    """Compare two of :func:`describe_run`: ``name: value -> value`` for what differs."""
    pairs = {k: (before.get(k, now[k]), now[k]) for k in BESIDE_SETTINGS}
    then, settings = before.get("settings"), now["settings"]
    if isinstance(then, dict):
        names = sorted(then.keys() | settings.keys())
        pairs |= {name: (then.get(name), settings.get(name)) for name in names}
    return [f"{k}: {old!r} -> {new!r}" for k, (old, new) in pairs.items() if old != new]
