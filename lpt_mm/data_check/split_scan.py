"""One look at every image of the data sets, on all cores."""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from rich.console import Console
from torch.utils.data import Dataset

from lpt_mm.data_check.appearance import NO_APPEARANCE
from lpt_mm.data_check.examples import Examples
from lpt_mm.data_check.parallel_check import CheckedPart, checked_parts
from lpt_mm.datasets.labels import MAX_LABEL, gt_labels
from lpt_mm.utils.progress import progress_bar


class Fingerprints(NamedTuple):
    """What tells whether images are the same, or alike: of all splits in order."""

    digests: np.ndarray  # (2, N) uint64 of the contents
    appearances: np.ndarray  # (N, bytes) uint8, see appearance.py


class SplitScan:
    """What was seen in a split; without a number of classes only its labels tell."""

    def __init__(self, dataset: Dataset, num_classes: int | None = None) -> None:
        self.dataset = dataset
        length = MAX_LABEL + 1 if num_classes is None else num_classes
        self.counts = np.zeros(length, dtype=np.int64)
        self.faults: dict[str, Examples] = defaultdict(Examples)
        self.out_of_range = Examples()

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Names of the classes, if the data set has any."""
        names = self.dataset.metainfo.get("classes")
        return None if names is None else tuple(names)

    def add(self, part: CheckedPart) -> None:
        """Count the labels and the faults of some images."""
        self.add_labels(part.labels, part.start)
        for offset, fault, reason in part.faults:
            name = image_name(self.dataset, part.start + offset)
            self.faults[fault].add(f"{name} ({reason})" if reason else name)

    def add_labels(self, labels: np.ndarray, start: int = 0) -> None:
        """Count the labels (n,) of the images from ``start`` on."""
        inside = (labels >= 0) & (labels < len(self.counts))
        np.add.at(self.counts, labels[inside], 1)
        for offset in np.flatnonzero(~inside):
            name = image_name(self.dataset, start + int(offset))
            self.out_of_range.add(f"{labels[offset]} ({name})")


def scan_labels(dataset: Dataset, num_classes: int) -> SplitScan:
    """Look at the labels alone, without reading an image."""
    scan = SplitScan(dataset, num_classes)
    scan.add_labels(gt_labels(dataset))
    return scan


def scan_splits(
    datasets: Mapping[str, Dataset], num_classes: int | None
) -> tuple[dict[str, SplitScan], Fingerprints]:
    """Read all images; give what was seen by split, and the fingerprints."""
    scans = {name: SplitScan(data, num_classes) for name, data in datasets.items()}
    digests = [np.zeros((2, 0), dtype=np.uint64)]
    appearances = [np.zeros((0, len(NO_APPEARANCE)), dtype=np.uint8)]
    names = list(datasets)
    bar = progress_bar(console=Console(stderr=True))
    with checked_parts(list(datasets.values())) as parts, bar as progress:
        tasks = [progress.add_task(k, total=len(v)) for k, v in datasets.items()]
        for part in parts:
            scans[names[part.split]].add(part)
            digests.append(part.digests)
            appearances.append(part.appearances)
            progress.advance(tasks[part.split], len(part.labels))
    if num_classes is None:
        used = (np.flatnonzero(scan.counts) + 1 for scan in scans.values())
        length = max((end.max(initial=0) for end in used), default=0)
        for scan in scans.values():
            scan.counts = scan.counts[:length].copy()
    seen = Fingerprints(np.concatenate(digests, axis=1), np.concatenate(appearances))
    return scans, seen


def image_name(dataset: Dataset, index: int) -> str:
    """Give the path of an image, or its index if it has none."""
    path = dataset.get_data_info(index).get("img_path")
    return f"image {index}" if path is None else str(path)
