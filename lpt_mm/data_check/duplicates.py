"""Images that are in the data twice."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
from torch.utils.data import Dataset

from lpt_mm.data_check.examples import Examples
from lpt_mm.data_check.split_scan import image_name


class Duplicates:
    """Images that repeat others."""

    def __init__(self) -> None:
        self.inside: dict[str, Examples] = defaultdict(Examples)  # by split
        self.across: dict[tuple[str, str], Examples] = defaultdict(Examples)
        self.other_label = Examples()  # in any split

    def add(self, members: Mapping[str, list[tuple[str, int]]]) -> None:
        """Add images of one content, by split their names and labels."""
        labels: dict[int, str] = {}
        for split, images in members.items():
            for place, (name, label) in enumerate(images):
                if place:
                    self.inside[split].add(f"{name} = {images[0][0]}")
                if labels and label not in labels:
                    other, first = next(iter(labels.items()))
                    pair = f"{name} (label {label}) = {first} (label {other})"
                    self.other_label.add(pair)
                labels.setdefault(label, name)
        for one, other in combinations(members, 2):
            for name, _ in members[other]:
                self.across[one, other].add(f"{name} = {members[one][0][0]}")


def find_duplicates(datasets: Mapping[str, Dataset], digests: np.ndarray) -> Duplicates:
    """Find images of the same content by the digests (2, N) of all splits in order."""
    names, ends = list(datasets), np.cumsum(list(map(len, datasets.values())))
    found = Duplicates()
    for group in duplicate_groups(digests):
        members: dict[str, list[tuple[str, int]]] = defaultdict(list)
        splits = np.searchsorted(ends, group, side="right")
        for index, split in zip(group, splits, strict=True):
            dataset = datasets[names[split]]
            place = int(index - (ends[split - 1] if split else 0))
            label = dataset.get_data_info(place).get("gt_label", -1)
            members[names[split]].append((image_name(dataset, place), label))
        found.add(members)
    return found


def duplicate_groups(digests: np.ndarray) -> Iterator[np.ndarray]:
    """Give the increasing indices of two or more images of the same digest."""
    order = np.lexsort(digests)
    ordered = digests[:, order]
    same = (ordered[:, 1:] == ordered[:, :-1]).all(axis=0) & ordered[:, 1:].any(axis=0)
    ends = np.flatnonzero(np.diff(same, prepend=False, append=False))
    for first, last in ends.reshape(-1, 2):
        yield order[first : last + 1]
