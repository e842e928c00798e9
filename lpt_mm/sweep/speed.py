"""How fast the models of a plan are, measured after its runs."""

import json
from pathlib import Path

from mmengine.config import Config

from lpt_mm.cost.model_speed import measure_model_speed
from lpt_mm.sweep.plan import Plan
from lpt_mm.sweep.row import Row
from lpt_mm.utils.new_file import replace_file

BATCH_SIZE = 64
REPEATS = 15


def measure_speeds(plan: Plan, root: Path) -> None:
    """Measure the models of rows that have not been yet; nothing else should run."""
    for row in plan.rows:
        if not (file := _file(plan, root, row)).is_file():
            replace_file(file, json.dumps(_measure(row.source)).encode())


def read_speed(plan: Plan, root: Path, row: Row) -> dict[str, float]:
    """Read images a second, if measured, by ``'infer'`` and ``'train'``."""
    file = _file(plan, root, row)
    return json.loads(file.read_text()) if file.is_file() else {}


def _file(plan: Plan, root: Path, row: Row) -> Path:
    return row.source.folder(root, plan.repeats[0]).parent / "speed.json"


def _measure(row: Row) -> dict[str, float]:
    if not row.trains:
        return {}  # most of the time of K-NN is that of the backbone
    cfg = Config(row.settings)
    speeds = {}
    for work in ("infer", "train"):
        measured = measure_model_speed(cfg, work, BATCH_SIZE, REPEATS)["config"]
        speeds[work] = measured["images_per_second"]
    return speeds
