"""What is wrong with data, each in one line."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from lpt_mm.data_check.duplicates import Duplicates
from lpt_mm.data_check.examples import Examples
from lpt_mm.data_check.image_check import FAULTS, SKIPPED
from lpt_mm.data_check.near_duplicates import NearDuplicates
from lpt_mm.data_check.split_scan import SplitScan
from lpt_mm.utils.errors import UserError

ERROR, WARNING = "error", "warning"
FEW_IMAGES = 4
FEW_TO_VALIDATE = 100  # one image is a whole per cent of what the best epoch is told by


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, or that may be."""

    severity: str  # ERROR where training or its result cannot be right, else WARNING
    kind: str  # a name for programs
    message: str  # one line
    examples: Examples = field(default_factory=Examples)

    def as_dict(self) -> dict:
        """Return what goes into JSON."""
        about = dict(total=self.examples.total, named=self.examples.named)
        return dict(kind=self.kind, message=self.message, **about)


def refuse_errors(findings: Iterable[Finding]) -> None:
    """Raise a ``ValueError`` of the first finding that is an error, if there is one."""
    for finding in findings:
        if finding.severity == ERROR:
            raise UserError(finding.message)


def file_findings(scans: Mapping[str, SplitScan]) -> Iterator[Finding]:
    """Give the files that cannot be read, and those that were not looked at."""
    for split, scan in scans.items():
        total = len(scan.dataset)
        for fault in FAULTS:
            if bad := scan.faults.get(fault):
                text = f"{split}: {bad.total:,} of {total:,} image files {_be(bad)} "
                yield Finding(ERROR, f"{fault}_files", f"{text}{fault}: {bad}", bad)
        if bad := scan.faults.get(SKIPPED):
            text = f"{split}: {bad.total:,} of {total:,} images {_be(bad)} {SKIPPED}"
            yield Finding(WARNING, "not_checked", f"{text} and not checked: {bad}", bad)


def class_findings(
    scans: Mapping[str, SplitScan],
    num_classes: int | None,
    class_names: tuple[str, ...] | None = None,
) -> Iterator[Finding]:
    """Judge labels and names of classes, which by default are the first split's."""
    first, reference = "the training set", class_names
    for split, scan in scans.items():
        if not len(scan.dataset):
            yield Finding(ERROR, "no_image", f"{split}: there is no image")
        if split == "val" and (few := few_to_validate(len(scan.dataset))):
            yield Finding(WARNING, "few_to_validate", f"val: {few}")
        names = scan.class_names
        # Where only the last classes are missing, the labels of the others are right.
        if names is None or (reference and names == reference[: len(names)]):
            continue
        if reference:
            other = Examples(sorted(set(names) ^ set(reference)))
            text = f"{split}: the classes are not those of {first}: "
            text += str(other) if other else "they are in another order"
            text += "; where folders are classes, every split needs the same ones, if "
            yield Finding(ERROR, "other_classes", f"{text}need be empty", other)
            continue
        first, reference = split, names
        if num_classes not in (None, len(names)):
            text = f"{split}: there are {len(names):,} classes but the head has "
            text += f"{num_classes:,}: set num_classes={len(names)} in the config"
            yield Finding(ERROR, "class_count", text)
        if twice := Examples(sorted(x for x, n in Counter(names).items() if n > 1)):
            text = f"{split}: several classes have the same name: {twice}"
            yield Finding(ERROR, "class_names_repeated", text, twice)
    # Last: a wrong number of classes tells more than the labels that it leaves out.
    for split, scan in scans.items():
        if bad := scan.out_of_range:
            text = f"{split}: {bad.total:,} of {len(scan.dataset):,} labels {_be(bad)} "
            text += f"not in 0 ... {len(scan.counts) - 1}: {bad}"
            yield Finding(ERROR, "labels_out_of_range", text, bad)


def few_to_validate(images: int) -> str:
    """Say that images are too few to choose a checkpoint by, if they are."""
    if not 0 < images < FEW_TO_VALIDATE:
        return ""
    return (
        f"{images} images are few to choose the best epoch by (under "
        f"{FEW_TO_VALIDATE}): one of them is {100 / images:.1f} % of the accuracy"
    )


def count_findings(
    scans: Mapping[str, SplitScan],
    class_names: list[str],
    thresholds: tuple[int, int],
) -> Iterator[Finding]:
    """Give the classes without an image, with few or on a bound of the shot groups."""
    total = f"{len(class_names):,} classes"
    for split, scan in scans.items():
        counts, low = scan.counts, thresholds[0]
        empty = Examples(class_names[i] for i in np.flatnonzero(counts == 0))
        text = f"{split}: no image of {empty.total:,} of {total}: {empty}"
        if split != "train":
            if empty:
                yield Finding(WARNING, "classes_not_tested", text, empty)
            continue
        if empty:
            text += "; add images or take these classes off the data set"
            yield Finding(ERROR, "classes_without_image", text, empty)
        few = np.flatnonzero((counts > 0) & (counts < FEW_IMAGES))
        if few := Examples(f"{class_names[i]} ({counts[i]})" for i in few):
            text = f"train: under {FEW_IMAGES} images of {few.total:,} of {total}: "
            yield Finding(WARNING, "few_images", f"{text}{few}", few)
        if border := Examples(class_names[i] for i in np.flatnonzero(counts == low)):
            text = f"train: exactly {low} images of {border.total:,} of {total}, "
            text += f"few-shot by 'lpt', medium-shot by 'oltr': {border}"
            yield Finding(WARNING, "boundary_classes", text, border)


def duplicate_findings(duplicates: Duplicates) -> Iterator[Finding]:
    """Give duplicates inside and across splits, and those of several labels."""
    for (one, other), pairs in sorted(duplicates.across.items()):
        severity = ERROR if {one, other} == {"train", "test"} else WARNING
        text = f"{other}: {_images(pairs)} {_be(pairs)} in {one} as well: {pairs}"
        yield Finding(severity, "duplicates_across_splits", text, pairs)
    for split, pairs in sorted(duplicates.inside.items()):
        text = f"{split}: {_images(pairs)} {_be(pairs)} there already: {pairs}"
        yield Finding(WARNING, "duplicates_inside_split", text, pairs)
    if pairs := duplicates.other_label:
        text = f"{_images(pairs)} {_be(pairs)} there with another label: {pairs}"
        yield Finding(WARNING, "duplicates_of_other_label", text, pairs)


def near_duplicate_findings(
    near: Mapping[str, NearDuplicates],
) -> Iterator[Finding]:
    """Give the images of other splits that look like a training image."""
    for split, found in near.items():
        if alike := found.same_label:
            text = f"{split}: {_share(alike.total, found.images)} {_look(alike)} "
            text += "like one of train of the same class: "
            text += f"{_distrust(split, alike.total / found.images)}: {alike}"
            yield Finding(WARNING, "near_duplicates_across_splits", text, alike)
        if alike := found.other_label:
            text = f"{split}: {_share(alike.total, found.images)} {_look(alike)} "
            text += "like one of train of another class, by chance or as one label is "
            text += f"wrong: {alike}"
            yield Finding(WARNING, "near_duplicates_of_other_label", text, alike)


def group_findings(groups: Mapping[str, list[str]]) -> Iterator[Finding]:
    """Give the groups of images, by split a name for each image, that cross splits."""
    trained = set(groups.get("train", ()))
    for split, names in groups.items():
        if split == "train" or not (shared := trained & set(names)):
            continue
        images = sum(name in shared for name in names)
        crossing = Examples(sorted(shared))
        text = f"{split}: {len(shared):,} of {len(set(names)):,} groups, "
        text += f"{_share(images, len(names))}, {_be(crossing)} in train as well: "
        text += f"{_distrust(split, images / len(names))}: {crossing}"
        yield Finding(WARNING, "groups_across_splits", text, crossing)


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} images ({100 * part / whole:.1f} %)"


def _distrust(split: str, share: float) -> str:
    return (
        f"distrust the accuracy on {split}, up to {100 * share:.1f} points of which "
        "may be memory; new_dataset.py --group-by keeps such images together"
    )


def _look(examples: Examples) -> str:
    return "looks" if examples.total == 1 else "look"


def _images(examples: Examples) -> str:
    return f"{examples.total:,} image{'' if examples.total == 1 else 's'}"


def _be(examples: Examples) -> str:
    return "is" if examples.total == 1 else "are"
