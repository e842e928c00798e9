"""Scores of training images, by heads that have not been trained on them."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lpt_mm.models.numerics import SHORTEST, unit

FOLDS = 5
SCALE = 20.0
EPOCHS, BATCH, LEARNING_RATE = 10, 256, 0.01


def out_of_fold_scores(
    feature: np.ndarray, label: np.ndarray, num_classes: int, seed: int = 0
) -> np.ndarray:
    """Score each image by a cosine head that is trained on the other four fifths.

    Args:
        feature: (n, D) features.
        label: (n,) classes.
        num_classes: C.
        seed: Of the folds, and of the batches.

    Returns:
        (n, C) float32, fair to rare classes; minus infinity for a class without an
        image in the other folds.
    """
    fold = stratified_folds(label, seed)
    inputs, target = torch.from_numpy(feature), torch.from_numpy(label)
    score = torch.empty(len(label), num_classes)
    for i in range(FOLDS):
        rest, own = torch.from_numpy(fold != i), torch.from_numpy(fold == i)
        mean, deviation = inputs[rest].mean(dim=0), inputs[rest].std(dim=0)
        standard = (inputs - mean) / deviation.clamp_min(SHORTEST)
        weight = fit_head(standard[rest], target[rest], num_classes, seed)
        found = SCALE * unit(standard[own], dim=1) @ weight
        there = torch.bincount(target[rest], minlength=num_classes) > 0
        score[own] = found.masked_fill(~there, -torch.inf)
    return score.numpy()


def stratified_folds(label: np.ndarray, seed: int) -> np.ndarray:
    """Deal the images of each class out among the folds, (n,); few reach only some."""
    shuffled = np.random.default_rng(seed).permutation(len(label))
    by_class = shuffled[np.argsort(label[shuffled], kind="stable")]
    fold = np.empty(len(label), dtype=np.int64)
    fold[by_class] = np.arange(len(label)) % FOLDS
    return fold


def fit_head(feature: Tensor, label: Tensor, num_classes: int, seed: int) -> Tensor:
    """Train a cosine head from the class means, with the logit-adjusted loss.

    Args:
        feature: (n, D) features.
        label: (n,) classes.
        num_classes: C.
        seed: Of the batches.

    Returns:
        (D, C) weights of unit length; 0 of a class without images.
    """
    feature = unit(feature, dim=1)
    counts = torch.bincount(label, minlength=num_classes)
    total = torch.zeros(num_classes, feature.shape[1]).index_add_(0, label, feature)
    weight = unit(total, dim=1).T.clone().requires_grad_()
    # As LogitAdjustedLoss; a class without images is in no sum.
    shift = (counts / counts.sum()).log()
    optimizer = torch.optim.Adam([weight], lr=LEARNING_RATE)
    rng = torch.Generator().manual_seed(seed)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(label), generator=rng).split(BATCH):
            score = SCALE * feature[batch] @ unit(weight, dim=0) + shift
            optimizer.zero_grad()
            F.cross_entropy(score, label[batch]).backward()
            optimizer.step()
    return unit(weight.detach(), dim=0)
