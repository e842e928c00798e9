"""Orders of images: which of them a person should look at first."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from lpt_mm.answers.posterior import class_groups
from lpt_mm.collection.embedded_set import EmbeddedSet
from lpt_mm.collection.nearest import draw_some, nearest_distance
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import list_some, printable
from lpt_mm.weights.pack import Pack

USUAL = 0.95  # share of validation images that are not called unlike training
FEW = "few"


@dataclass(frozen=True)
class Ranking:
    """An order of images.

    Args:
        key: (n,), small for what comes first.
        reason: Gives the reason for the place of the image at an index.
        said: What holds of all images, in a sentence.
        distance: (n,) from what they are compared with.
        gain: (n,) probabilities of what is looked for.
    """

    key: np.ndarray
    reason: Callable[[int], str]
    said: str = ""
    distance: np.ndarray | None = None
    gain: np.ndarray | None = None


def rank_rare(pack: Pack, probability: np.ndarray) -> Ranking:
    """Put first what is most likely of a few-shot class.

    So many looks find the most of them that can be expected: the expected number is the
    sum of these probabilities.

    Args:
        pack: The model.
        probability: (n, C) of the classes.

    Returns:
        The ranking.

    Raises:
        UserError: If there is no such class.
    """
    rare = np.flatnonzero(class_groups(pack) == FEW)
    if not len(rare):
        raise UserError(
            f"no class of {pack.source} is few-shot, with the bounds "
            f"{tuple(pack.thresholds)} of its shot groups: choose another --order"
        )
    gain = probability[:, rare].astype(float).sum(axis=1)
    likeliest = rare[probability[:, rare].argmax(axis=1)]

    def reason(i: int) -> str:
        name = pack.class_names[likeliest[i]]
        return f"few-shot with probability {gain[i]:.2f}, likeliest {name}"

    return Ranking(-gain, reason, gain=gain)


def rank_uncertain(pack: Pack, probability: np.ndarray) -> Ranking:
    """Put first what has the least likely answer, by probabilities (n, C)."""
    order = np.argsort(-probability, axis=1)[:, :2]

    def reason(i: int) -> str:
        first = (f"{pack.class_names[c]} {probability[i, c]:.2f}" for c in order[i])
        return " or ".join(first)

    return Ranking(probability.max(axis=1), reason)


def rank_unlike(
    feature: np.ndarray, train: np.ndarray, validation: np.ndarray
) -> Ranking:
    """Put first what is farthest from the nearest training image.

    Args:
        feature: (n, D) of the images.
        train: (m, D) of the training images.
        validation: (k, D) of validation images, which tell what is usual.

    Returns:
        The ranking.
    """
    bank = draw_some(train)
    distance = nearest_distance(feature, bank)
    usual = np.quantile(nearest_distance(draw_some(validation), bank), USUAL)
    share = f"{USUAL:.0%} of validation images"

    def reason(i: int) -> str:
        if distance[i] > usual:
            return f"unlike training: {share} are nearer than {usual:.3g}"
        return f"not unlike training: within the {usual:.3g} of {share}"

    number = int((distance > usual).sum())
    said = f"{number:,} are unlike training, farther than {usual:.3g}"
    return Ranking(-distance, reason, said, distance)


def rank_alike(images: EmbeddedSet, path: str) -> Ranking:
    """Put first what is most like an image.

    Args:
        images: The images.
        path: One of them.

    Returns:
        The ranking; that image itself comes first.

    Raises:
        UserError: If it is none of them.
    """
    wanted = os.path.abspath(path)
    places = [i for i, x in enumerate(images.path) if os.path.abspath(x) == wanted]
    if not places:
        raise UserError(
            f"'{printable(path)}' is no image of {images.source}, which has "
            f"{list_some(images.path, limit=2)}: compute features of it, too, with "
            "tools/inference/embed.py"
        )
    distance = nearest_distance(images.feature, images.feature[places])
    key = distance.copy()
    key[places] = -1.0
    name = PurePath(path).name
    return Ranking(key, lambda _: f"like {name}", distance=distance)
