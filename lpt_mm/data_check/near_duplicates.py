"""Images that look like a training image, such as the next one of a burst."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from torch.utils.data import Dataset

from lpt_mm.data_check.appearance import HASH_BYTES
from lpt_mm.data_check.examples import Examples
from lpt_mm.data_check.split_scan import Fingerprints, image_name

MOST_BITS = 48  # of 256 that may differ
LEAST_CORRELATION = 0.9  # of the small grey pictures
ROWS, COLUMNS = 64, 4096  # compared at a time: what a processor's cache holds
MOST_SHOWN = 24  # pairs


@dataclass
class NearDuplicates:
    """The images of a split that look like a training image, each counted once."""

    images: int  # of the split
    same_label: Examples = field(default_factory=Examples)
    other_label: Examples = field(default_factory=Examples)
    shown: list[tuple[dict, dict]] = field(default_factory=list)  # of the same label

    def add(self, own: Dataset, index: int, train: Dataset, twin: int) -> None:
        """Count an image, and name the training image that it looks like."""
        infos = own.get_data_info(index), train.get_data_info(twin)
        is_same = infos[0].get("gt_label") == infos[1].get("gt_label")
        names = f"{image_name(own, index)} ~ {image_name(train, twin)}"
        (self.same_label if is_same else self.other_label).add(names)
        if is_same and len(self.shown) < MOST_SHOWN:
            self.shown.append(infos)


def find_near_duplicates(
    datasets: Mapping[str, Dataset], seen: Fingerprints
) -> dict[str, NearDuplicates]:
    """Find, by split, what looks like an image of ``train`` but is not the same file.

    The fingerprints are those of all splits in order.
    """
    if "train" not in datasets:
        return {}
    places, end = {}, 0
    for name, dataset in datasets.items():
        places[name] = np.arange(end, end := end + len(dataset))
    same = {tuple(pair) for pair in seen.digests[:, places["train"]].T.tolist()}
    found = {}
    for name in (name for name in datasets if name != "train"):
        pairs = seen.digests[:, places[name]].T.tolist()
        new = [i for i, pair in enumerate(pairs) if tuple(pair) not in same]
        found[name] = NearDuplicates(len(datasets[name]))
        own = seen.appearances[places[name][new]]
        for i, twin in most_alike(own, seen.appearances[places["train"]]):
            found[name].add(datasets[name], new[i], datasets["train"], twin)
    return found


def most_alike(images: np.ndarray, others: np.ndarray) -> Iterator[tuple[int, int]]:
    """Give the indices of images, (n, bytes) uint8, and of the other one most alike.

    Two images are alike if their hashes differ by few bits and their small grey
    pictures correlate; the hash alone takes many small objects on white for the same.
    """
    images_left = np.flatnonzero(images.any(axis=1))
    others_left = np.flatnonzero(others.any(axis=1))
    hashes, pictures = _parts(others[others_left])
    for rows in np.split(images_left, range(ROWS, len(images_left), ROWS)):
        own_hashes, own_pictures = _parts(images[rows])
        best = np.full(len(rows), LEAST_CORRELATION)
        twin = np.full(len(rows), -1)
        for start in range(0, len(others_left), COLUMNS):
            columns = slice(start, start + COLUMNS)
            row, column = _close(own_hashes, hashes[:, columns])
            value = _correlations(own_pictures[row], pictures[columns][column])
            order = np.argsort(value, kind="stable")  # of several, the last one stays
            row, column, value = row[order], column[order], value[order]
            better = value >= best[row]
            best[row[better]] = value[better]
            twin[row[better]] = others_left[columns][column[better]]
        for place in np.flatnonzero(twin >= 0).tolist():
            yield int(rows[place]), int(twin[place])


def _parts(appearances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take hashes (words, n) uint64 and pictures (n, pixels) uint8 apart."""
    hashes = np.ascontiguousarray(appearances[:, :HASH_BYTES]).view(np.uint64)
    return np.ascontiguousarray(hashes.T), appearances[:, HASH_BYTES:]


def _close(hashes: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the indices of hashes (words, n) and (words, m) that differ by few bits."""
    half = len(hashes) // 2  # rarely close by chance, and quickly compared
    bits = _count_bits(hashes[:half, :, None], others[:half, None])
    row, column = np.divmod(np.flatnonzero(bits <= MOST_BITS), others.shape[1])
    bits = bits[row, column] + _count_bits(hashes[half:, row], others[half:, column])
    is_close = bits <= MOST_BITS
    return row[is_close], column[is_close]


def _count_bits(words: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Count the bits that differ, of two words at most: more overflow the counts."""
    one, *more = (np.bitwise_count(x ^ y) for x, y in zip(words, others, strict=True))
    return sum(more, one)


def _correlations(pictures: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Correlate pictures (n, pixels), none of which is flat, one by one."""
    one, other = (x - x.mean(axis=1, keepdims=True) for x in (pictures, others))
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return (one * other).sum(axis=1) / norms
