"""What one model gains over another, and whether that may be chance."""

from collections.abc import Mapping, Sequence

import numpy as np
from rich.console import Console
from rich.text import Text

from lpt_mm.evaluation.metrics import SHOT_GROUPS
from lpt_mm.evaluation.metrics.bootstrap import LEVELS
from lpt_mm.utils.tables import number_table

RESAMPLES = 10_000


def gain(
    before: Sequence[Mapping], after: Sequence[Mapping], shot_group: str | None = None
) -> tuple[float, float, float] | None:
    """Compute how much more of the test images one model has right than another.

    The interval is a percentile bootstrap of 95 %: the hits of each class are drawn as
    binomial, of both models apart. That both saw the same images makes it wider than it
    need be. It tells about the choice of test images, not about another training run.

    Models are given by ``classes`` of their reports, of which those of the shot group
    count, or all. Returns the difference of accuracies in points of a per cent, its
    lower and upper bound; None if no class of the shot group was tested.
    """
    members = [
        i
        for i, row in enumerate(before)
        if row["test_images"] and shot_group in (None, row["shot_group"])
    ]
    if not members:
        return None
    images = np.array([before[i]["test_images"] for i in members])
    shares = [np.array([r[i]["accuracy"] for i in members]) for r in (before, after)]
    generator = np.random.default_rng(0)
    hits = [
        generator.binomial(images, share / 100, (RESAMPLES, len(images))).sum(axis=1)
        for share in shares
    ]
    difference = (shares[1] - shares[0]) @ images / images.sum()
    bounds = np.percentile(100 * (hits[1] - hits[0]) / images.sum(), LEVELS)
    return float(difference), *bounds.tolist()


def print_gains(reports: Mapping[str, Mapping]) -> None:
    """Print what each model gains over the first one, and over the one before it.

    Nothing is printed of a single report, or where they are of different test sets.
    """
    names = list(reports)
    if len(names) < 2 or len(set(map(_test_set, reports.values()))) > 1:
        return
    pairs = [(after, names[0]) for after in names[1:]]
    pairs += list(zip(names[2:], names[1:], strict=False))
    title = "Gain in points, and 95 % interval over the test images (* not by chance)"
    rows = []
    for after, before in pairs:
        classes = reports[before]["classes"], reports[after]["classes"]
        cells = [_describe(gain(*classes, group)) for group in (None, *SHOT_GROUPS)]
        rows.append((f"{after} over {before}", *cells))
    columns = ("", "overall", *SHOT_GROUPS)
    Console().print("", number_table(Text(title), columns, rows, show_edge=False))


def _test_set(report: Mapping) -> tuple:
    return tuple((row["shot_group"], row["test_images"]) for row in report["classes"])


def _describe(found: tuple[float, float, float] | None) -> str | None:
    if found is None:
        return None
    difference, low, high = found
    sign = "" if low <= 0 <= high else " *"
    return f"{difference:+.1f}{sign}\n{low:+.1f} … {high:+.1f}"
