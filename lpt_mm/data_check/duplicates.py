"""Images that are in the data twice."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
from torch.utils.data import Dataset

from lpt_mm.data_check.examples import Examples
from lpt_mm.data_check.split_scan import image_name


class Duplicates:
    """Images that repeat others.

    They are those of the same split, by split; those of an earlier split, by both; and
    those of another label, in any.
    """

    def __init__(self) -> None:
        self.inside: dict[str, Examples] = defaultdict(Examples)
        self.across: dict[tuple[str, str], Examples] = defaultdict(Examples)
        self.other_label = Examples()


def find_duplicates(datasets: Mapping[str, Dataset], digests: np.ndarray) -> Duplicates:
    """Find images of the same content inside and across splits.

    The digests (2, N) uint64 are of the images of all splits, one split after the
    other; they are not compared where they are 0.
    """
    names = list(datasets)
    ends = np.cumsum([len(dataset) for dataset in datasets.values()])
    found = Duplicates()
    for group in duplicate_groups(digests):
        split_of = np.searchsorted(ends, group, side="right")
        members = {
            names[split]: group[split_of == split] - (ends[split - 1] if split else 0)
            for split in np.unique(split_of)
        }
        _add_group(found, datasets, members)
    return found


def duplicate_groups(digests: np.ndarray) -> Iterator[np.ndarray]:
    """Give the increasing indices of two or more images of the same digest."""
    order = np.lexsort(digests)
    ordered = digests[:, order]
    same = (ordered[:, 1:] == ordered[:, :-1]).all(axis=0) & ordered[:, 1:].any(axis=0)
    ends = np.flatnonzero(np.diff(same, prepend=False, append=False))
    for first, last in ends.reshape(-1, 2):
        yield order[first : last + 1]


def _add_group(
    found: Duplicates, datasets: Mapping[str, Dataset], members: dict[str, np.ndarray]
) -> None:
    labels: dict[int, str] = {}
    for split, indices in members.items():
        original = image_name(datasets[split], int(indices[0]))
        for place, index in enumerate(indices.tolist()):
            name = image_name(datasets[split], index)
            if place:
                found.inside[split].add(f"{name} = {original}")
            label = datasets[split].get_data_info(index).get("gt_label", -1)
            if labels and label not in labels:
                other, first = next(iter(labels.items()))
                pair = f"{name} (label {label}) = {first} (label {other})"
                found.other_label.add(pair)
            labels.setdefault(label, name)
    for one, other in combinations(members, 2):
        original = image_name(datasets[one], int(members[one][0]))
        for index in members[other].tolist():
            name = image_name(datasets[other], index)
            found.across[one, other].add(f"{name} = {original}")
