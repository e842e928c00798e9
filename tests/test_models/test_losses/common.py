"""What the tests of several losses share."""

import numpy as np
import torch
from mmpretrain.registry import MODELS

COUNTS = [100, 30, 10, 3]
# The losses on plain scores, and those on bare cosines.
ON_SCORES = [
    "SoftmaxFocalLoss",
    "ClassBalancedLoss",
    "BalancedSoftmaxLoss",
    "LogitAdjustedLoss",
    "GeneralizedReweightLoss",
    "VectorScalingLoss",
    "LADELoss",
]
ON_COSINES = ["LDAMLoss", "GCLLoss", "AsymmetricGCLLoss"]


def build_loss(name, **options):
    """Build a loss from the registry, with class counts if it takes any."""
    loss = MODELS.build(dict(type=name, **options))
    if hasattr(loss, "cls_num_list") and loss.cls_num_list is None:
        loss.cls_num_list = COUNTS
    return loss


def scores(images=6, scale=3.0):
    """Draw scores (B, 4) in float64 and labels (B,) of all classes."""
    rng = np.random.default_rng(0)
    score = torch.from_numpy(rng.uniform(-scale, scale, (images, len(COUNTS))))
    return score, torch.arange(images) % len(COUNTS)
