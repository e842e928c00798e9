"""Metrics of each class, and what they come to over the classes."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from lpt_mm.evaluation.metrics.shot_groups import places_of_groups


@dataclass(frozen=True)
class ClassMetrics:
    """What became of the test images of each class."""

    test_images: np.ndarray  # (C,) of the class
    predicted_images: np.ndarray  # (C,) that were taken for the class, rightly or not
    correct_images: np.ndarray  # (C,) of the class that were taken for it

    @classmethod
    def count(cls, label: np.ndarray, prediction: np.ndarray, num_classes: int) -> Self:
        """Count labels and predictions, (number of images,) class indices each."""
        correct = label[label == prediction]
        images = (label, prediction, correct)
        return cls(*(np.bincount(i, minlength=num_classes) for i in images))

    @property
    def accuracy(self) -> np.ndarray:
        """(C,) recall of each class in per cent; NaN without a test image."""
        return _percent(self.correct_images, self.test_images)

    @property
    def precision(self) -> np.ndarray:
        """(C,) in per cent; NaN for a class that no image was taken for."""
        return _percent(self.correct_images, self.predicted_images)

    @property
    def f1(self) -> np.ndarray:
        """(C,) in per cent; NaN without a test image, else 0 without precision."""
        f1 = _percent(2 * self.correct_images, self.test_images + self.predicted_images)
        return np.where(self.test_images > 0, f1, np.nan)

    def accuracies(self, groups: np.ndarray) -> dict[str, float]:
        """Compute the accuracy overall, of (C,) shot groups and of the mean class."""
        everywhere = {"overall": np.ones(len(groups), dtype=bool)}
        found = {}
        for name, own in (everywhere | places_of_groups(groups)).items():
            if total := self.test_images[own].sum():
                found[name] = 100 * float(self.correct_images[own].sum() / total)
        return dict(found, mean_class=float(np.nanmean(self.accuracy)))

    def average(self) -> dict[str, float]:
        """Sum up the classes that have test images, in per cent.

        A single class without a hit would make harmonic and geometric mean of the
        accuracies 0, however good the others are. In these means, it therefore counts
        as having half a hit, an accuracy of 0.5 / (its test images): worse than any
        class with a hit, better the fewer images there are to tell by.
        """
        tested = self.test_images > 0
        accuracy = self.accuracy[tested]
        positive = np.maximum(accuracy, 50 / self.test_images[tested])
        return dict(
            macro_f1=float(self.f1[tested].mean()),
            worst_class=float(accuracy.min()),
            harmonic_mean=float(1 / np.mean(1 / positive)),
            geometric_mean=float(np.exp(np.mean(np.log(positive)))),
        )


def _percent(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide; NaN where there is nothing to divide by."""
    unknown = np.full(len(whole), np.nan)
    return 100 * np.divide(part, whole, out=unknown, where=whole > 0)
