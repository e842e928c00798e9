"""How a run goes on from a checkpoint, under the settings that hold now.

Settings (learning rate, schedule, length, batch) are those of the config; the file
brings weights, the state of the optimizer, and how far the run is. So nothing that is
changed for a resume is ignored, and where nothing is changed the run goes on exactly.
"""

import json
import warnings
from collections.abc import Iterator, Mapping

from mmengine.config import Config
from mmengine.runner import Runner

from lpt_mm.engine.loops.resumable_train_loop import BEGUN
from lpt_mm.engine.optimizers.accumulation import accumulative_counts
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
    """Say what a checkpoint has to tell a run that goes on from it.

    Args:
        runner: Runs the training.

    Returns:
        Lengths, and ``settings``: the values of the config by name.
    """
    loader = runner.train_dataloader
    batch = getattr(loader.batch_sampler, "batch_size", None)
    return dict(
        max_epochs=runner.max_epochs,
        images=len(loader.dataset),
        steps_per_epoch=len(loader),
        images_per_step=batch and batch * runner.world_size,
        accumulative_counts=accumulative_counts(runner.optim_wrapper),
        processes=runner.world_size,
        settings=dict(flatten(_training_settings(runner.cfg))),
    )


def _training_settings(cfg: Config) -> dict:
    hooks = cfg.get("default_hooks") or {}
    beta = dict(default_hooks=dict(beta_schedule=hooks.get("beta_schedule")))
    return {key: cfg.get(key) for key in TRAINING} | beta


def flatten(values: Mapping, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Go through the values of a config.

    Args:
        values: A config or a part of it.
        prefix: Beginning of the names.

    Yields:
        Name, with dots, and value, as it is in JSON.
    """
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", to_json(value)


def to_json(value: object) -> object:
    """Turn a part of a config into what comes back when it is saved and read.

    Args:
        value: Anything.

    Returns:
        The same as lists, dicts, numbers and texts.
    """
    return json.loads(json.dumps(value, default=str))


def find_position(checkpoint: Mapping, now: Mapping[str, object]) -> tuple[int, int]:
    """Find out how far a run is.

    Args:
        checkpoint: The checkpoint.
        now: What :func:`describe_run` says of the run that goes on.

    Returns:
        The epochs that are done, and the steps of the next one that are; of an
        accumulation of gradients that was begun, none.

    Raises:
        WeightFileError: If that is more than the run has, the settings of an epoch were
            changed in the middle of it, or averages of weights cannot go back to the
            beginning of an accumulation.
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


def set_position(checkpoint: dict, epoch: int, done: int, steps: int) -> None:
    """Count the steps of a checkpoint anew, by epochs of the length of now.

    Args:
        checkpoint: The checkpoint, whose counts are changed.
        epoch: Epochs that are done.
        done: Steps of the next one that are done.
        steps: Steps of an epoch.
    """
    checkpoint["meta"]["iter"] = epoch * steps + done
    checkpoint["message_hub"]["runtime_info"][BEGUN] = [epoch, epoch * steps, steps]


def rebuild_schedule(
    runner: Runner, checkpoint: dict, epoch: int, done: int, steps: int
) -> None:
    """Bring the new schedulers to where the run is, as if they had always been set.

    Args:
        runner: Runs the training; learning rates and other scheduled values of its
            optimizer are set.
        checkpoint: The checkpoint, whose states of schedulers are replaced.
        epoch: Epochs that are done.
        done: Steps of the next one that are done.
        steps: Steps of an epoch.

    Raises:
        WeightFileError: If a scheduler follows the validation, and the run's settings
            were changed.
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
    checkpoint["param_schedulers"] = [s.state_dict() for s in schedulers]


def describe_changes(before: Mapping, now: Mapping) -> list[str]:
    """Say which settings are others than when a checkpoint was saved.

    Args:
        before: What :func:`describe_run` said then.
        now: What it says now.

    Returns:
        ``name: value -> value`` for each.
    """
    pairs = {k: (before.get(k, now[k]), now[k]) for k in BESIDE_SETTINGS}
    then, settings = before.get("settings"), now["settings"]
    if isinstance(then, dict):
        names = sorted(then.keys() | settings.keys())
        pairs |= {name: (then.get(name), settings.get(name)) for name in names}
    return [f"{k}: {old!r} -> {new!r}" for k, (old, new) in pairs.items() if old != new]
