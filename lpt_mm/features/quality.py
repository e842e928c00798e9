"""How well features tell classes apart."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from mmengine.device import get_device

from lpt_mm.evaluation.metrics import LongTailMetric, ShotGroups
from lpt_mm.features.extraction import Features
from lpt_mm.models.heads import NearestNeighborHead
from lpt_mm.models.numerics import unit
from lpt_mm.utils.errors import UserError

DEFINITIONS = dict(
    knn=(
        "test images classified by the vote of the most similar training images, "
        "weighted by exp(cosine / 0.07); accuracy in per cent"
    ),
    intra=(
        "test features of unit length: Euclidean distance to the mean of the class, "
        "averaged over the images of each class, then over the classes"
    ),
    inter="Euclidean distance of two class means, averaged over all pairs of classes",
    gamma="inter / intra, larger is better",
)


@dataclass(frozen=True)
class FeatureQuality:
    """The quality of a model's features, as defined by ``DEFINITIONS``.

    Args:
        knn: Accuracies of K-NN in per cent: ``overall``, ``mean_class``, and by shot
            group.
        intra: Mean distance within the classes.
        inter: Mean distance between the classes.
        gamma: Ratio of the latter to the former.
    """

    knn: dict[str, float]
    intra: float
    inter: float
    gamma: float


def measure_features(
    features: Features, shot_groups: ShotGroups, num_neighbors: int = 10
) -> FeatureQuality:
    """Measure how well features tell classes apart, with so many neighbours voting."""
    prediction = classify_by_neighbors(features, num_neighbors)
    knn = LongTailMetric.calculate(
        features.test_label, prediction, features.cls_num_list, shot_groups
    )
    intra, inter = class_distances(features.test, features.test_label)
    return FeatureQuality(knn, intra, inter, inter / intra if intra else math.inf)


def classify_by_neighbors(features: Features, num_neighbors: int) -> np.ndarray:
    """Classify the test images by so many of their nearest training images.

    Returns (number of test images,) int64 class indices; all training images vote, if
    there are fewer. A number that is not positive is a ``ValueError``.
    """
    classes, width = len(features.class_names), features.train.shape[1]
    head = NearestNeighborHead(classes, width, num_neighbors)
    train, label, test = (
        torch.from_numpy(x).to(get_device())
        for x in (features.train, features.train_label, features.test)
    )
    head.fill(train, label)
    return head((test,)).argmax(dim=1).cpu().numpy()


def class_distances(feature: np.ndarray, label: np.ndarray) -> tuple[float, float]:
    """Measure the distances within and between classes, as ``DEFINITIONS`` says.

    LPT's paper compares its phases by them and by their ratio gamma:
    https://arxiv.org/abs/2210.01033. Less than two classes are a ``ValueError``.

    Args:
        feature: (number of images, D); only the directions matter.
        label: (number of images,) class indices.

    Returns:
        The mean distance within, and that between classes.
    """
    from scipy.spatial.distance import pdist  # a moment that others need not pay

    classes, index = np.unique(label, return_inverse=True)
    if len(classes) < 2:
        raise UserError(
            f"the test images are of {len(classes)} class: two are needed for distances"
        )
    feature = unit_rows(feature).astype(np.float64)
    count = np.bincount(index)
    mean = np.zeros((len(classes), feature.shape[1]))
    np.add.at(mean, index, feature)
    mean /= count[:, None]
    distance = np.linalg.norm(feature - mean[index], axis=1)
    within = np.bincount(index, weights=distance) / count
    return float(within.mean()), float(pdist(mean).mean())


def unit_rows(feature: np.ndarray) -> np.ndarray:
    """Scale features (number of images, D) to length 1."""
    return unit(torch.from_numpy(feature), dim=1).numpy()
