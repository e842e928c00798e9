"""How a page was made: from which files, by which versions, when."""

import os
import platform
from collections.abc import Mapping
from datetime import datetime
from importlib import metadata

from mmengine.config import Config

from lpt_mm.cost.machine import describe_machine
from lpt_mm.version import __version__
from lpt_mm.weights.facts import is_dict
from lpt_mm.weights.reading import read_file

LIBRARIES = ("mmengine", "mmpretrain", "numpy")


def describe_making(cfg: Config, split: str, seconds: float) -> dict[str, object]:
    """Say how a test was made.

    Args:
        cfg: The config of the test, with the checkpoint in ``load_from``.
        split: What was tested on.
        seconds: How long that took.

    Returns:
        Facts by what they are.
    """
    libraries = (f"{name} {metadata.version(name)}" for name in LIBRARIES)
    now = datetime.now().astimezone()
    return dict(
        config=os.path.relpath(cfg.filename),
        checkpoint=cfg.load_from or "none: without training",
        **_training(read_file(cfg.load_from).meta if cfg.load_from else {}),
        images=f"{split} set, once through the model in {seconds:.0f} s",
        libraries=", ".join((f"lpt_mm {__version__}", *libraries)),
        machine=f"{describe_machine()}, {platform.system()}",
        date=f"{now:%Y-%m-%d %H:%M %Z}",
    )


def _training(meta: Mapping) -> dict[str, object]:
    """Say what a checkpoint tells of its training."""
    facts = {"run": meta.get("experiment_name"), "seed": meta.get("seed")}
    run, epoch = meta.get("run"), meta.get("epoch")
    if epoch is not None:
        planned = run.get("max_epochs") if is_dict(run) else None
        facts["epoch"] = f"{epoch} of {planned}" if planned else epoch
    if backbone := (meta.get("backbone") or {}).get("source"):
        facts["backbone"] = backbone
    return {name: fact for name, fact in facts.items() if fact is not None}
