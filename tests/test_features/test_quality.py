"""K-NN and distances against loops and formulas."""

import numpy as np
import pytest

from lpt_mm.evaluation.metrics import ShotGroups
from lpt_mm.features.extraction import Features
from lpt_mm.features.quality import (
    class_distances,
    classify_by_neighbors,
    measure_features,
)


def blobs(separation, counts=(9, 4, 2), test=5, dims=6, seed=0):
    """Make features about a direction for each class."""
    rng = np.random.default_rng(seed)
    centres = separation * np.eye(len(counts), dims)

    def draw(sizes):
        label = np.repeat(np.arange(len(counts)), sizes)
        feature = centres[label] + rng.normal(size=(len(label), dims))
        return feature.astype(np.float32), label

    names = [f"class {i}" for i in range(len(counts))]
    return Features(*draw(counts), *draw([test] * len(counts)), names)


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


@pytest.mark.parametrize("neighbors", [1, 4, 10])
def test_neighbors_vote_as_in_a_loop(neighbors):
    features = blobs(separation=1.0)
    expected = []
    for image in features.test:
        similarity = [cosine(image, other) for other in features.train]
        votes = [0.0, 0.0, 0.0]
        for i in sorted(range(len(similarity)), key=lambda i: -similarity[i])[
            :neighbors
        ]:
            votes[features.train_label[i]] += np.exp(similarity[i] / 0.07)
        expected.append(int(np.argmax(votes)))
    assert classify_by_neighbors(features, neighbors).tolist() == expected
    assert len(set(expected)) == 3


def test_distances_of_points_on_two_axes():
    feature = np.array([[1, 0], [5, 0], [0, 2], [0, -3], [4, 0]], dtype=np.float32)
    label = np.array([0, 0, 7, 7, 0])
    # Class 0 is one direction; class 7 has two opposite ones, its mean is the origin.
    within, between = class_distances(feature, label)
    assert within == pytest.approx((0 + 1) / 2)
    assert between == pytest.approx(1)


def test_distances_by_a_loop():
    features = blobs(separation=1.0)
    unit = [x / np.linalg.norm(x) for x in features.test.astype(np.float64)]
    classes = [
        np.array([u for u, i in zip(unit, features.test_label, strict=True) if i == c])
        for c in range(3)
    ]
    means = [x.mean(axis=0) for x in classes]
    within = np.mean(
        [
            np.mean([np.linalg.norm(x - mean) for x in xs])
            for xs, mean in zip(classes, means, strict=True)
        ]
    )
    pairs = [(0, 1), (0, 2), (1, 2)]
    between = np.mean([np.linalg.norm(means[a] - means[b]) for a, b in pairs])
    assert class_distances(features.test, features.test_label) == pytest.approx(
        (within, between), rel=1e-6
    )


def test_one_class_has_no_distance_to_another():
    with pytest.raises(ValueError, match="two are needed"):
        class_distances(np.ones((3, 2), np.float32), np.zeros(3, int))


def test_better_separated_classes_have_larger_gamma_and_accuracy():
    groups = ShotGroups(thresholds=(3, 6))
    qualities = [measure_features(blobs(s), groups, 2) for s in (0.5, 2.0, 20.0)]
    gammas = [quality["gamma"] for quality in qualities]
    assert gammas == sorted(gammas)
    assert qualities[0]["knn"]["overall"] < qualities[2]["knn"]["overall"] == 100
    names = {"overall", "many", "medium", "few", "mean_class"}
    assert qualities[2]["knn"].keys() == names
    assert qualities[0]["gamma"] == qualities[0]["inter"] / qualities[0]["intra"]
