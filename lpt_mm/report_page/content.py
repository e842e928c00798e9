"""What a page says, of a size that does not grow with the data set."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath

import numpy as np

from lpt_mm.data_check.class_statistics import gini, imbalance_ratio
from lpt_mm.evaluation.metrics import SHOT_GROUPS
from lpt_mm.evaluation.tables import CLASS_COLUMNS, COLUMNS
from lpt_mm.report_page.outcome import Outcome
from lpt_mm.report_page.thumbnails import Thumbnails
from lpt_mm.utils.text import printable

MOST_CLASSES = 2000  # rows of the table of classes
MOST_PAIRS = 8
EXAMPLES = 3  # of a pair
MOST_IMAGES = 14  # of a gallery
LONGEST_NAME = 64  # characters


def describe(outcome: Outcome, thumbnails: Thumbnails) -> dict[str, object]:
    """Collect what the template fills in about a test.

    Args:
        outcome: Of the test.
        thumbnails: Of the images.

    Returns:
        Facts by their names in the template.
    """
    report = outcome.report
    least_certain: Sequence[int] = []
    if outcome.has_confidence:
        least_certain = np.argsort(outcome.confidence, kind="stable")[:MOST_IMAGES]
    return dict(
        report=report,
        right=len(outcome.label) - len(outcome.wrong),
        total=len(outcome.label),
        accuracies=accuracy_rows(report),
        averages=average_rows(report),
        data=data_rows(report),
        imbalance=imbalance(report),
        classes=class_rows(outcome),
        pairs=confused_pairs(outcome, thumbnails),
        worst=gallery(outcome, thumbnails, outcome.wrong[:MOST_IMAGES]),
        least_certain=gallery(outcome, thumbnails, least_certain),
        matching=outcome.matching and outcome.matching.summary(),
    )


def short(name: object) -> str:
    """Shorten a name in its middle: names differ at their ends, as paths do."""
    text = printable(name)
    if len(text) <= LONGEST_NAME:
        return text
    return f"{text[: LONGEST_NAME // 3]}…{text[1 - 2 * LONGEST_NAME // 3 :]}"


def accuracy_rows(report: Mapping) -> list[dict]:
    """Describe the accuracy overall, of each shot group and over the classes."""
    rows = []
    for name in COLUMNS:
        accuracy = report.get(f"long_tail/{name}")
        if accuracy is None:
            continue
        classes = _classes_of(report, name)
        ece = "ece" if name == "overall" else f"ece_{name}"  # there is no mean one
        rows.append(
            dict(
                name=name.replace("_", " "),
                accuracy=accuracy,
                interval=report["intervals"].get(name),
                ece=report.get(f"long_tail/{ece}"),
                classes=len(classes),
                test_images=sum(row["test_images"] for row in classes),
            )
        )
    return rows


def _classes_of(report: Mapping, name: str) -> list[Mapping]:
    classes = report["classes"]
    if name not in SHOT_GROUPS:
        return classes
    return [row for row in classes if row["shot_group"] == name]


def average_rows(report: Mapping) -> list[tuple[str, float]]:
    """Name what the accuracies of the classes come to, with its value."""
    return [
        (name.replace("_", " "), report[f"long_tail/{name}"]) for name in CLASS_COLUMNS
    ]


def data_rows(report: Mapping) -> list[dict]:
    """Describe the training and test images of each shot group that has a class."""
    rows = []
    for name in ("all", *SHOT_GROUPS):
        classes = _classes_of(report, name)
        if not classes:
            continue
        counts = [row["train_images"] for row in classes]
        rows.append(
            dict(
                name=name,
                classes=len(classes),
                train_images=sum(counts),
                most=max(counts),
                fewest=min(counts),
                test_images=sum(row["test_images"] for row in classes),
            )
        )
    return rows


def imbalance(report: Mapping) -> dict[str, float]:
    """Compute how long the tail is."""
    counts = [row["train_images"] for row in report["classes"]]
    return dict(ratio=imbalance_ratio(counts), gini=gini(counts))


def class_rows(outcome: Outcome) -> list[dict]:
    """Describe the classes, the most frequent in training first.

    Where there are too many, those with the lowest accuracies.
    """
    classes = outcome.report["classes"]
    confused: dict[int, tuple[int, int]] = {}
    for label, prediction, images in outcome.confused_pairs():
        confused.setdefault(label, (prediction, images))
    rows = []
    for i, row in enumerate(classes):
        other, images = confused.get(i, (None, 0))
        other_name = None if other is None else short(classes[other]["name"])
        own = dict(row, name=short(row["name"]), other=other_name, images=images)
        rows.append(own)
    if len(rows) > MOST_CLASSES:
        tested = [row for row in rows if row["test_images"]]
        rows = sorted(tested, key=lambda row: row["accuracy"])[:MOST_CLASSES]
    return sorted(rows, key=lambda row: -row["train_images"])


def confused_pairs(outcome: Outcome, thumbnails: Thumbnails) -> list[dict]:
    """Describe the pairs of classes confused most often, with images.

    ``wrong`` are some of the first class that were taken for the second one, ``right``
    is one of each class that is right.
    """
    classes = outcome.report["classes"]
    pairs = []
    for label, prediction, images in outcome.confused_pairs()[:MOST_PAIRS]:
        wrong = outcome.most_certain(label, prediction)[:EXAMPLES]
        right = [outcome.most_certain(i, i)[:1] for i in (label, prediction)]
        pairs.append(
            dict(
                label=short(classes[label]["name"]),
                prediction=short(classes[prediction]["name"]),
                images=images,
                test_images=classes[label]["test_images"],
                wrong=gallery(outcome, thumbnails, wrong),
                right=gallery(outcome, thumbnails, np.concatenate(right)),
            )
        )
    return pairs


def gallery(
    outcome: Outcome, thumbnails: Thumbnails, images: Sequence[int]
) -> list[dict]:
    """Show some images: what they are, what they were taken for, and how certainly."""
    classes = outcome.report["classes"]
    shown = []
    for i in images:
        thumbnail = thumbnails.make(i)
        confidence = outcome.confidence[i]
        shown.append(
            dict(
                thumbnail=thumbnail,
                label=short(classes[outcome.label[i]]["name"]),
                prediction=short(classes[outcome.prediction[i]]["name"]),
                is_right=bool(outcome.label[i] == outcome.prediction[i]),
                confidence=None if np.isnan(confidence) else 100 * float(confidence),
                path=short(thumbnail.path or f"image {i}"),
                file=short(PurePath(thumbnail.path or f"image {i}").name),
            )
        )
    return shown
