"""How often answers come at each level of a taxonomy, and how often they are right."""

import os
from dataclasses import dataclass

import numpy as np
import torch

from lpt_mm.answers.posterior import Posterior
from lpt_mm.answers.taxonomy import UNKNOWN, Taxonomy
from lpt_mm.collection.embedded_set import EmbeddedSet
from lpt_mm.weights.pack import read_pack

NO_ANSWER = "no answer"


@dataclass(frozen=True)
class LevelReport:
    """Numbers of the answers at a level.

    Args:
        images: How many images are answered so.
        share: Of all images, in per cent.
        accuracy: Share of the answers that is right, in per cent; None without one.
    """

    images: int
    share: float
    accuracy: float | None


def report_back_off(
    pack: str | os.PathLike,
    folder: str | os.PathLike,
    taxonomy: str | os.PathLike,
    certainty: float = 0.9,
) -> dict[str, LevelReport]:
    """Answer a test set as deep as is certain.

    Args:
        pack: The pack.
        folder: The set, of ``tools/inference/embed.py``.
        taxonomy: CSV file of :meth:`Taxonomy.read`.
        certainty: The least summed probability of an answer.

    Returns:
        The numbers of each level by name, of ``no answer``, and of all ``answers``.

    Raises:
        OSError: If a file is missing.
        UserError: If the set is of another model, or the taxonomy is wrong.
    """
    content = read_pack(pack)
    tree = Taxonomy.read(taxonomy, content.class_names)
    images = EmbeddedSet.read(folder, content).labelled
    probability = Posterior(content)(torch.from_numpy(images.score))
    answer = tree.back_off(probability, certainty)
    return count_answers(tree, images.label, answer.level.numpy(), answer.node.numpy())


def count_answers(
    taxonomy: Taxonomy, label: np.ndarray, level: np.ndarray, node: np.ndarray
) -> dict[str, LevelReport]:
    """Count answers and right ones.

    Args:
        taxonomy: The names.
        label: (n,) class indices of the images.
        level: (n,) of the answers.
        node: (n,) which name of the level they are.

    Returns:
        As :func:`report_back_off`.
    """
    truth = np.stack(taxonomy.node_of)[level, label]  # of the last one without answer
    correct = (truth == node) & (level != UNKNOWN)
    places = {name: level == i for i, name in enumerate(taxonomy.levels)}
    places |= {NO_ANSWER: level == UNKNOWN, "answers": level != UNKNOWN}
    found = {}
    for name, where in places.items():
        number = int(where.sum())
        accuracy = 100 * float(correct[where].mean()) if number else None
        if name == NO_ANSWER:
            accuracy = None
        found[name] = LevelReport(number, 100 * number / len(label), accuracy)
    return found
