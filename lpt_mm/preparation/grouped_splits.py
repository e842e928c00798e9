"""Splitting of data sets whose images belong together in groups."""

from collections.abc import Sequence

import numpy as np

from lpt_mm.preparation.splits import part_sizes

REST = 0  # the first part


def grouped_split(
    labels: Sequence[int], groups: Sequence[str], shares: Sequence[float], seed: int
) -> list[np.ndarray]:
    """Split images into a rest and further parts, but no group of images.

    The parts get about as much of each class as ``stratified_split`` gives them: group
    by group, the largest first, each goes where it brings its classes closest to that.
    Each class keeps images in the rest. A part stays empty where no group can be
    spared. The indices of each part are in ascending order.

    scikit-learn's ``StratifiedGroupKFold`` promises no class an image in the rest, has
    folds of one size alone, and takes no class into account but in a dense table.
    """
    _, group_of, sizes = np.unique(
        np.asarray(groups), return_inverse=True, return_counts=True
    )
    members = np.split(np.argsort(group_of, kind="stable"), np.cumsum(sizes)[:-1])
    labels = np.asarray(labels)
    wanted = np.array([part_sizes(n, shares) for n in np.bincount(labels).tolist()]).T
    parts = _Parts([np.unique(labels[m], return_counts=True) for m in members], wanted)
    order = np.random.default_rng(seed).permutation(len(sizes))
    for group in order[np.argsort(-sizes[order], kind="stable")]:
        costs = [parts.cost(group, part) for part in range(len(wanted))]
        parts.put(group, int(np.argmin(costs)))
    parts.keep_classes()
    parts.fill_empty()
    part_of_image = parts.part_of[group_of]
    return [np.flatnonzero(part_of_image == part) for part in range(len(wanted))]


class _Parts:
    """What part each group is in, and how many images of each class a part has."""

    def __init__(
        self, contents: list[tuple[np.ndarray, np.ndarray]], wanted: np.ndarray
    ) -> None:
        self.contents = contents  # of a group: its classes, and the images of each
        self.wanted = wanted  # (parts, C) images
        self.images = np.zeros_like(wanted)
        self.part_of = np.full(len(contents), -1)

    def put(self, group: int, part: int) -> None:
        """Put a group into a part, out of the one that it is in."""
        classes, counts = self.contents[group]
        if self.part_of[group] >= 0:
            self.images[self.part_of[group], classes] -= counts
        self.images[part, classes] += counts
        self.part_of[group] = part

    def cost(self, group: int, part: int) -> float:
        """Say how much further off its share a part would be with one group more.

        It is what the group adds to the sum over classes of the squared error, which is
        measured in shares of the class, so that a rare one counts as much as others.
        """
        classes, counts = self.contents[group]
        lacking = (self.wanted[part] - self.images[part])[classes]
        total = self.wanted.sum(axis=0)[classes]
        return float((counts * (counts - 2 * lacking) / total**2).sum())

    def keep_classes(self) -> None:
        """Give the rest the smallest group of each class that has no image in it."""
        for label in np.flatnonzero(self.wanted[REST] > 0):
            if not self.images[REST, label]:
                own = [g for g, (c, _) in enumerate(self.contents) if label in c]
                self.put(min(own, key=self._size), REST)

    def fill_empty(self) -> None:
        """Give each part without images the group of the rest that suits it best."""
        for part in np.flatnonzero(self.images.sum(axis=1) == 0):
            spare = [
                g for g in np.flatnonzero(self.part_of == REST) if self._is_spare(g)
            ]
            if spare:
                self.put(min(spare, key=lambda group: self.cost(group, part)), part)

    def _size(self, group: int) -> int:
        return int(self.contents[group][1].sum())

    def _is_spare(self, group: int) -> bool:
        classes, counts = self.contents[group]
        return bool((self.images[REST, classes] > counts).all())
