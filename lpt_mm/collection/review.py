"""Which of new images a person should look at first."""

import os

import numpy as np
import torch

from lpt_mm.answers.posterior import Posterior, class_groups
from lpt_mm.answers.prior import Prior
from lpt_mm.collection.embedded_set import UNKNOWN, EmbeddedSet
from lpt_mm.collection.ranking import (
    Ranking,
    rank_alike,
    rank_rare,
    rank_uncertain,
    rank_unlike,
)
from lpt_mm.collection.review_list import (
    Look,
    require_new_review,
    require_pictures,
    write_review,
)
from lpt_mm.utils.errors import UserError, require_choice
from lpt_mm.utils.text import printable
from lpt_mm.weights.pack import Pack, read_pack

RARE, UNCERTAIN, UNLIKE, ALIKE = ORDERS = ("rare", "uncertain", "unlike", "alike")
NEEDS = {UNLIKE: ("train", "validation"), ALIKE: ("alike",)}


def make_review(
    pack: str | os.PathLike,
    folder: str | os.PathLike,
    out: str | os.PathLike,
    order: str = RARE,
    budget: int | None = None,
    prior: Prior | None = None,
    train: str | os.PathLike | None = None,
    validation: str | os.PathLike | None = None,
    alike: str | None = None,
    sheets: str | os.PathLike | None = None,
) -> str:
    """Rank new images, and write the list.

    Args:
        pack: The pack.
        folder: The new images, of ``tools/inference/embed.py``, like the other sets.
        out: New CSV file, of :func:`write_review`.
        order: ``'rare'``: most likely of a few-shot class first; ``'uncertain'``: the
            least likely answer first; ``'unlike'``: the farthest from training first;
            ``'alike'``: the most like an image first.
        budget: How many images are to be looked at; None for all.
        prior: How frequent the classes are held to be among the new images; by default
            for ``'rare'`` as in training, else as the scores have it.
        train: Training set, for ``'unlike'``.
        validation: Validation set, for ``'unlike'``.
        alike: Path of an image of the new ones, for ``'alike'``.
        sheets: New folder of contact sheets.

    Returns:
        What was found, in one line.

    Raises:
        FileExistsError: If something that is to be written exists.
        UserError: If the order lacks what it needs, or a set is of another model.
    """
    require_choice("order", order, ORDERS)
    _require_needs(order, dict(train=train, validation=validation, alike=alike))
    require_new_review(out, sheets)
    content = read_pack(pack)
    images = EmbeddedSet.read(folder, content)
    number = len(images) if budget is None else budget
    if not 1 <= number <= len(images):
        raise UserError(
            f"a budget is from 1 to the {len(images):,} images of {images.source}, got "
            f"{budget}"
        )
    if sheets is not None:
        require_pictures(images.path, images.source)
    if order == RARE and prior is None:
        prior = Prior(1.0)
    score = torch.from_numpy(images.score)
    probability = Posterior(content, prior)(score).numpy()
    if order == RARE:
        ranking = rank_rare(content, probability)
    elif order == UNCERTAIN:
        ranking = rank_uncertain(content, probability)
    elif order == UNLIKE:
        sets = (EmbeddedSet.read(x, content).feature for x in (train, validation))
        ranking = rank_unlike(images.feature, *sets)
    else:
        ranking = rank_alike(images, alike)
    chosen = np.argsort(ranking.key, kind="stable")[:number]
    looks = list_looks(content, images, probability, ranking, chosen)
    write_review(looks, f"{order} first", out, sheets)
    parts = [f"{len(chosen):,} of {len(images):,} images: {printable(out)}"]
    if ranking.gain is not None:
        found, total = ranking.gain[chosen].sum(), ranking.gain.sum()
        parts.append(f"{found:.1f} of {total:.1f} few-shot images expected")
    return "; ".join([*parts, *filter(None, [ranking.said])])


def list_looks(
    pack: Pack,
    images: EmbeddedSet,
    probability: np.ndarray,
    ranking: Ranking,
    chosen: np.ndarray,
) -> list[Look]:
    """Describe the images at the places (m,) of a ranking, of probabilities (n, C)."""
    answer = probability.argmax(axis=1)
    names, looks = pack.class_names, []
    groups = None if pack.cls_num_list is None else class_groups(pack)
    for i in chosen.tolist():
        label = int(answer[i])
        given = int(images.label[i])
        looks.append(
            Look(
                images.path[i],
                "" if given == UNKNOWN else names[given],
                names[label],
                float(probability[i, label]),
                "" if groups is None else str(groups[label]),
                ranking.reason(i),
                None if ranking.distance is None else float(ranking.distance[i]),
            )
        )
    return looks


def _require_needs(order: str, given: dict[str, object]) -> None:
    """Refuse an order without what it needs, and what it does not need."""
    needed = NEEDS.get(order, ())
    for name, value in given.items():
        if (value is not None) != (name in needed):
            verb = "needs" if value is None else "does not take"
            raise UserError(f"--order {order} {verb} --{name}")
