import numpy as np
import torch
from mmpretrain.registry import MODELS
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from torch.testing import assert_close

COUNTS = (40, 20, 6)


def make_bank(width=5):
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(3), COUNTS)
    feature = (
        rng.normal(size=(len(label), width)) + 2 * rng.normal(size=(3, width))[label]
    )
    return feature, label


def filled(feature, label):
    head = MODELS.build(
        dict(type="GDAHead", num_classes=3, in_channels=feature.shape[1])
    )
    head.fill(torch.from_numpy(feature), torch.from_numpy(label))
    return head


def unit(feature):
    return feature / np.linalg.norm(feature, axis=1, keepdims=True)


def published_scores(feature, label, query):
    """Compute the published formula with numpy's own covariance and inverse."""
    number, width = feature.shape
    feature, query = unit(feature), unit(query)
    means = np.stack([feature[label == c].mean(axis=0) for c in range(3)])
    covariance = np.cov(feature - means[label], rowvar=False)
    regular = (number - 1) * covariance + np.trace(covariance) * np.eye(width)
    precision = width * np.linalg.inv(regular)
    weight = means @ precision
    return query @ weight.T - 0.5 * np.einsum("cd,cd->c", means, weight)


def test_scores_are_those_of_the_published_formula():
    feature, label = make_bank()
    query = np.random.default_rng(1).normal(size=(7, 5))
    score = filled(feature, label)((torch.from_numpy(query),))
    expected = published_scores(feature, label, query)
    assert_close(score, torch.from_numpy(expected), rtol=1e-6, atol=1e-7)


def test_answers_are_those_of_linear_discriminant_analysis():
    """With as many features the regularisation is small."""
    feature, label = make_bank()
    feature = np.tile(feature, (400, 1))
    label = np.tile(label, 400)
    query = np.random.default_rng(1).normal(size=(500, 5))
    lda = LinearDiscriminantAnalysis(solver="lsqr").fit(unit(feature), label)
    expected = lda.decision_function(unit(query)) - np.log(lda.priors_)
    score = filled(feature, label)((torch.from_numpy(query),))
    agree = score.argmax(dim=1).numpy() == expected.argmax(axis=1)
    assert agree.mean() > 0.995


def test_fewer_images_than_dimensions_are_enough():
    feature, label = make_bank(width=200)
    query = np.random.default_rng(1).normal(size=(7, 200))
    score = filled(feature, label)((torch.from_numpy(query),))
    expected = published_scores(feature, label, query)
    assert_close(score, torch.from_numpy(expected), rtol=1e-6, atol=1e-7)


def test_float32_features_are_worked_on_in_float64():
    feature, label = make_bank()
    feature = feature * [1, 1, 1, 1, 0.01]  # flat, and many: float32 is off by 1e-4
    feature = np.tile(feature, (400, 1)).astype(np.float32)
    label, query = np.tile(label, 400), feature[:60:9]
    score = filled(feature, label)((torch.from_numpy(query),))
    expected = published_scores(
        feature.astype(np.float64), label, query.astype(np.float64)
    )
    assert score.dtype == torch.float32
    expected = expected.astype(np.float32)
    assert_close(score.numpy(), expected, rtol=0, atol=1e-6 * np.abs(expected).max())
