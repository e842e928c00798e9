"""What the training of a row costs."""

from collections.abc import Iterable
from pathlib import Path
from statistics import mean

from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope

from lpt_mm.cost.workload import count_parameters
from lpt_mm.sweep.row import Repeat, Row
from lpt_mm.weights.skeleton import build_skeleton

DONE = "seconds.txt"  # of a training that came to its end
RESUMED = "resumed"  # instead of the seconds, those of its last part alone being known


def trained_parameters(row: Row, root: Path, repeats: Iterable[Repeat]) -> float | None:
    """Count the parameters that a row trains; None if it trains none."""
    settings = row.source.settings
    if not row.source.trains:
        return None
    init_default_scope(settings.get("default_scope", "mmengine"))
    return count_parameters(build_skeleton(ConfigDict(settings["model"])))[0]


def training_seconds(row: Row, root: Path, repeats: Iterable[Repeat]) -> float | None:
    """Average how long the trainings took that are done at one go; None without any."""
    files = [row.source.folder(root, repeat) / DONE for repeat in repeats]
    texts = [file.read_text().strip() for file in files if file.is_file()]
    seconds = [float(text) for text in texts if text != RESUMED]
    return mean(seconds) if seconds else None


COSTS = dict(trained_parameters=trained_parameters, seconds=training_seconds)
