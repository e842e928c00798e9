"""How well features tell classes apart."""

import math

import numpy as np
import torch
from mmengine.device import get_device

from lpt_mm.evaluation.metrics import ShotGroups
from lpt_mm.evaluation.metrics.class_metrics import ClassMetrics
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


def measure_features(
    features: Features, shot_groups: ShotGroups, num_neighbors: int = 10
) -> dict:
    """Measure what ``DEFINITIONS`` says; ``knn`` has the accuracies by their names."""
    counts = features.cls_num_list
    prediction = classify_by_neighbors(features, num_neighbors)
    classes = ClassMetrics.count(features.test_label, prediction, len(counts))
    knn = classes.accuracies(shot_groups.assign(counts))
    intra, inter = class_distances(features.test, features.test_label)
    gamma = inter / intra if intra else math.inf
    return dict(knn=knn, intra=intra, inter=inter, gamma=gamma)


def classify_by_neighbors(features: Features, num_neighbors: int) -> np.ndarray:
    """Classify test images (n,) by the nearest training images, or by all if few."""
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
    https://arxiv.org/abs/2210.01033. Of features (number of images, D) only the
    directions matter. Less than two classes are a ``ValueError``.
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
