"""The reports of a row, one for each seed, as one."""

import json
from pathlib import Path

import numpy as np

from lpt_mm.sweep.plan import Plan, Row
from lpt_mm.utils.text import printable


def mean_report(plan: Plan, root: Path, row: Row) -> dict:
    """Average the reports of a row over its seeds.

    Args:
        plan: The plan.
        root: Folder of all runs.
        row: The row.

    Returns:
        A report of :func:`lpt_mm.evaluation.report.make_report` with the mean overall
        accuracy and those of the classes, and the sum of the confusions.

    Raises:
        FileNotFoundError: If a run is not done.
    """
    files = [row.folder(root, seed) / f"{plan.split}.json" for seed in plan.seeds]
    if missing := [str(file) for file in files if not file.is_file()]:
        raise FileNotFoundError(
            f"{printable(row.name)}: {len(missing)} of {len(files)} runs are not done, "
            f"such as {printable(missing[0])}: first run tools/analysis_tools/sweep.py"
        )
    reports = [json.loads(file.read_text()) for file in files]
    overall = [report["long_tail/overall"] for report in reports]
    mean = dict(reports[0], **{"long_tail/overall": float(np.mean(overall))})
    mean["classes"] = [
        dict(of_seeds[0], accuracy=_mean([c["accuracy"] for c in of_seeds]))
        for of_seeds in zip(*(report["classes"] for report in reports), strict=True)
    ]
    confusions = [report["shot_confusion"] for report in reports]
    mean["shot_confusion"] = dict(confusions[0])
    for key in ("images", "correct"):
        total = np.sum([confusion[key] for confusion in confusions], axis=0)
        mean["shot_confusion"][key] = total.tolist()
    return mean


def _mean(values: list[float | None]) -> float | None:
    return None if None in values else float(np.mean(values))
