"""The comparisons that a plan declares, from the predictions of its runs."""

from collections.abc import Mapping
from math import isnan
from pathlib import Path

import numpy as np

from lpt_mm.evaluation.predictions import predictions_beside, read_predictions
from lpt_mm.evaluation.report import read_report
from lpt_mm.sweep.paired import Difference, Fold, Interval, paired_differences
from lpt_mm.sweep.plan import Plan
from lpt_mm.sweep.row import Repeat, Row
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import replace_file
from lpt_mm.utils.text import for_markdown, printable

Comparison = tuple[str, str]  # names of a row and of its reference
Differences = Mapping[Comparison, Mapping[str, Difference]]  # of the accuracies by name
HEAD = """\
Row minus reference in points of a per cent, on the same test images; standard error and
interval of 95 %, over the images and over the {runs}. With a star, both are without 0.

"""


def comparisons(plan: Plan) -> list[tuple[Row, Row]]:
    """List each row that is compared, with its reference."""
    rows = {row.name: row for row in plan.rows}
    return [
        (rows[name], rows[reference])
        for name, references in plan.compare.items()
        for reference in references
    ]


def check_predictions(plan: Plan, root: Path) -> None:
    """Refuse to compare tests that left a report without predictions, as once they did.

    Args:
        plan: The plan.
        root: Where its runs are.

    Raises:
        FileNotFoundError: If there are such tests.
    """
    rows = dict.fromkeys(row for pair in comparisons(plan) for row in pair)
    reports = [file for row in rows for file in plan.reports(root, row).values()]
    bare = [x for x in reports if x.is_file() and not predictions_beside(x).is_file()]
    if bare:
        raise FileNotFoundError(
            f"{len(bare)} tests to compare have a report without predictions, such as "
            f"{printable(bare[0])}: remove these reports, to have them made again"
        )


def find_differences(plan: Plan, root: Path) -> Differences:
    """Compute the differences of those comparisons whose runs are all done."""
    found = {}
    for row, reference in comparisons(plan):
        reports = [plan.reports(root, x) for x in (row, reference)]
        if all(file.is_file() for files in reports for file in files.values()):
            folds = [_read_fold(plan, fold, *reports) for fold in plan.folds or [None]]
            found[row.name, reference.name] = paired_differences(folds)
    return found


def _read_fold(
    plan: Plan,
    fold: int | None,
    of_row: Mapping[Repeat, Path],
    of_reference: Mapping[Repeat, Path],
) -> Fold:
    """Read what became of the images of a fold, and the groups of their classes."""
    repeats = [repeat for repeat in plan.repeats if repeat.fold == fold]
    files = [files[repeat] for repeat in repeats for files in (of_row, of_reference)]
    tests = [read_predictions(predictions_beside(file)) for file in files]
    classes = [read_report(file)["classes"] for file in files]
    groups = [[described["shot_group"] for described in own] for own in classes]
    for file, test, group in zip(files, tests, groups, strict=True):
        if not np.array_equal(test.label, tests[0].label) or group != groups[0]:
            raise UserError(
                f"{printable(file)} is of other images or shot groups than "
                f"{printable(files[0])}: they cannot be compared"
            )
    if not tests[0].label.size or tests[0].label.max() >= len(groups[0]):
        raise UserError(
            f"the labels of {printable(predictions_beside(files[0]))} are not those of "
            "the classes of its report"
        )
    correct = np.array([test.correct for test in tests], dtype=float)
    return Fold(tests[0].label, correct[::2] - correct[1::2], np.array(groups[0]))


def write_differences(plan: Plan, root: Path, out: Path) -> Path:
    """Write the differences to ``differences.md``, which is returned."""
    found, runs = find_differences(plan, root), plan.units
    lines = [["", "minus", "accuracy", "difference", "over images", f"over {runs}", ""]]
    lines.append([*["---"] * 3, *["---:"] * 3, "---"])
    for names, measures in found.items():
        for measure, difference in measures.items():
            cells = [*map(for_markdown, names), measure, *_describe(difference)]
            lines.append(cells)
    for row, reference in comparisons(plan):
        names = row.name, reference.name
        if names not in found:
            lines.append([*map(for_markdown, names), "not done", *["-"] * 3, ""])
    text = HEAD.format(runs=runs) + "".join(f"| {' | '.join(x)} |\n" for x in lines)
    replace_file(out / "differences.md", text.encode())
    return out / "differences.md"


def _describe(found: Difference) -> list[str]:
    """Write the cells of a difference."""
    over_images = _spread(found.image_error, found.image_interval)
    over_runs = _spread(found.run_error, found.run_interval)
    star = r"\*" if found.is_clear else ""
    return [f"{found.value:+.2f}", over_images, over_runs, star]


def _spread(error: float, interval: Interval) -> str:
    if isnan(error):
        return "-"
    return f"± {error:.2f} ({interval[0]:+.2f} … {interval[1]:+.2f})"
