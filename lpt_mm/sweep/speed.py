"""How fast the models of a plan are, measured after its runs."""

import json
from pathlib import Path

from mmengine.config import Config

from lpt_mm.cost.model_speed import measure_model_speed
from lpt_mm.sweep.plan import Plan, Row
from lpt_mm.utils.new_file import replace_file

SPEED = "speed.json"
BATCH_SIZE = 64
REPEATS = 15


def measure_speeds(plan: Plan, root: Path) -> None:
    """Measure the models of all rows, one after the other, that have not been yet.

    Nothing else should run meanwhile. Kept are images a second, medians of 15 batches
    of 64 images that lie in memory.

    Args:
        plan: The plan.
        root: Folder of all runs.
    """
    for row in plan.rows:
        file = row.folder(root, plan.seeds[0]).parent / SPEED
        if not file.is_file():
            replace_file(file, json.dumps(_measure(row)).encode())


def read_speed(plan: Plan, root: Path, row: Row) -> dict[str, float]:
    """Read what was measured of a row.

    Args:
        plan: The plan.
        root: Folder of all runs.
        row: The row.

    Returns:
        Images a second, by ``'infer'`` and ``'train'``; nothing if not measured.
    """
    file = row.folder(root, plan.seeds[0]).parent / SPEED
    return json.loads(file.read_text()) if file.is_file() else {}


def _measure(row: Row) -> dict[str, float]:
    cfg = Config(row.settings)
    if cfg.get("train_cfg") is None:
        return {}  # most of the time of K-NN is that of the backbone
    speeds = {}
    for work in ("infer", "train"):
        measured = measure_model_speed(cfg, work, BATCH_SIZE, REPEATS)["config"]
        speeds[work] = measured["images_per_second"]
    return speeds
