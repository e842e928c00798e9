"""Temperatures by the likelihood of a validation set."""

from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor
from torch.nn import functional as F

from lpt_mm.answers.posterior import ALL, class_groups, less_mean
from lpt_mm.answers.prior import log_share
from lpt_mm.evaluation.metrics import SHOT_GROUPS
from lpt_mm.evaluation.metrics.calibration import expected_calibration_error
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.pack import PRIOR_POWER, Pack

LOWEST, HIGHEST = 0.01, 100.0  # of a temperature: without an error there is no best one
FEWEST = 10  # images that a temperature is fitted to
MOST = 20_000  # of more, so many are drawn: they tell it to a fraction of a per cent


class TemperatureFit(NamedTuple):
    """Temperatures by name, and what they change on the validation set."""

    temperature: dict[str, float]
    likelihood: tuple[float, float]  # mean negative logarithm, before and after
    calibration_error: tuple[float, float]  # in per cent, before and after


def fit_temperature(
    pack: Pack, score: np.ndarray, label: np.ndarray, by_group: bool = False
) -> TemperatureFit:
    """Fit a temperature, or one for each shot group, to a validation set.

    The labels are taken to be as frequent as they are there, so that a validation set
    that is less long-tailed than training, or more, gives the same temperature, if the
    pack says what its scores have as prior.

    Args:
        pack: The model.
        score: (n, C) scores of the images.
        label: (n,) their classes.
        by_group: Whether the classes of each shot group have their own.

    Returns:
        The temperatures.

    Raises:
        UserError: If there are too few images to fit one.
    """
    names, member = _groups(pack, by_group)
    images = np.bincount(member[label], minlength=len(names))
    for name, number in zip(names, images, strict=True):
        if number < FEWEST:
            raise UserError(
                f"a temperature is fitted to at least {FEWEST} images, and the "
                f"validation set has {number} of {name} classes"
            )
    shift = torch.from_numpy(_validation_shift(pack, label)).float()
    group = torch.from_numpy(member)
    drawn = np.random.default_rng(0).permutation(len(label))[:MOST]
    y = torch.from_numpy(label[drawn])
    z = less_mean(torch.from_numpy(score[drawn]).float())

    def objective(log_inverse: np.ndarray) -> tuple[float, np.ndarray]:
        inverse = torch.from_numpy(np.exp(log_inverse)).float()
        log_p = (z * inverse[group]).add_(shift).log_softmax(dim=1)
        likelihood = F.nll_loss(log_p, y).item()
        residual = log_p.exp_()
        residual[torch.arange(len(y)), y] -= 1
        # Of the mean over images, by class and then by temperature.
        slope = torch.einsum("nc,nc->c", residual, z).double() / len(y)
        gradient = torch.zeros(len(names), dtype=torch.float64)
        gradient.index_add_(0, group, slope)
        return likelihood, gradient.numpy() * np.exp(log_inverse)

    start = np.zeros(len(names))
    bounds = [(-np.log(HIGHEST), -np.log(LOWEST))] * len(names)
    best = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    found = [z + shift, z * torch.from_numpy(np.exp(best)).float()[group] + shift]
    return TemperatureFit(
        {name: float(np.exp(-x)) for name, x in zip(names, best, strict=True)},
        tuple(F.cross_entropy(logit, y).item() for logit in found),
        tuple(_calibration_error(logit, y) for logit in found),
    )


def _groups(pack: Pack, by_group: bool) -> tuple[list[str], np.ndarray]:
    """Name the temperatures, and say which of them each class (C,) has."""
    if not by_group:
        return [ALL], np.zeros(pack.num_classes, dtype=np.int64)
    groups = class_groups(pack)
    names = [name for name in SHOT_GROUPS if name in groups]
    return names, np.array([names.index(group) for group in groups])


def _validation_shift(pack: Pack, label: np.ndarray) -> np.ndarray:
    """Compute what turns the prior of the scores into that of the labels, (C,)."""
    power = pack.balancing.get(PRIOR_POWER)
    if power is None or pack.cls_num_list is None:
        return np.zeros(pack.num_classes)
    counts = np.bincount(label, minlength=pack.num_classes)
    with np.errstate(divide="ignore"):  # a class without an image cannot be the answer
        return np.log(counts / counts.sum()) - power * log_share(pack)


def _calibration_error(logit: Tensor, label: Tensor) -> float:
    confidence, prediction = logit.softmax(dim=1).max(dim=1)
    correct = (prediction == label).numpy()
    return expected_calibration_error(confidence.numpy(), correct)
