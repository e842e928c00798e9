"""Training images whose label is likely wrong."""

import os

import numpy as np
import torch

from lpt_mm.answers.posterior import class_groups
from lpt_mm.collection.embedded_set import EmbeddedSet
from lpt_mm.collection.out_of_fold import FOLDS, out_of_fold_scores
from lpt_mm.collection.review_list import (
    Look,
    require_new_review,
    require_pictures,
    write_review,
)
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable
from lpt_mm.weights.pack import Pack, read_pack

SHARE = 0.05  # of the images that are listed, unless a budget is given


def make_audit(
    pack: str | os.PathLike,
    folder: str | os.PathLike,
    out: str | os.PathLike,
    budget: int | None = None,
    sheets: str | os.PathLike | None = None,
) -> str:
    """Rank the labels of a set by how little they are believed, and write the list.

    Args:
        pack: The pack.
        folder: The training set, of ``tools/inference/embed.py``.
        out: New CSV file, of :func:`write_review`.
        budget: How many images are listed; by default 5 %.
        sheets: New folder of contact sheets.

    Returns:
        What was done, in one line.

    Raises:
        FileExistsError: If something that is to be written exists.
        UserError: If the set is of another model, or has no labels.
    """
    require_new_review(out, sheets)
    content = read_pack(pack)
    images = EmbeddedSet.read(folder, content).labelled
    number = len(images)
    if budget is None:
        budget = max(1, round(SHARE * number))
    if not 1 <= budget <= number:
        raise UserError(
            f"a budget is from 1 to the {number:,} labelled images of {images.source}, "
            f"got {budget}"
        )
    if number < FOLDS or len(np.unique(images.label)) < 2:
        raise UserError(
            f"{images.source} has {number} labelled images, and {FOLDS} of two classes "
            "are needed at least"
        )
    if sheets is not None:
        require_pictures(images.path, images.source)
    score = out_of_fold_scores(images.feature, images.label, content.num_classes)
    trust, probability = label_trust(score, images.label)
    chosen = np.argsort(trust, kind="stable")[:budget]
    looks = list_suspects(content, images, probability, trust, chosen)
    write_review(looks, "labels to look at", out, sheets)
    return f"{budget:,} of {number:,} labelled images: {printable(out)}"


def label_trust(score: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute how far labels are believed, compared with others of their class.

    It is the probability of the label, the self-confidence of confident learning, over
    its mean over all images of that label, the threshold of confident learning.
    A class that is hard, such as a rare one, has a low mean, and its images are no
    suspects for that. Source: Confident Learning, https://arxiv.org/abs/1911.00068.

    Args:
        score: (n, C) scores of heads that have not been trained on the image.
        label: (n,) given classes.

    Returns:
        (n,) from 0, 1 where a label is believed as much as is usual in its class; and
        (n, C) probabilities.
    """
    probability = torch.from_numpy(score).softmax(dim=1).numpy()
    own = probability[np.arange(len(label)), label].astype(float)
    number = np.bincount(label, minlength=score.shape[1])
    total = np.bincount(label, own, minlength=score.shape[1])
    usual = total / np.maximum(number, 1)
    # Of a class's only image no head has seen another one: nothing speaks against it.
    alone = (number == 1)[label]
    return np.where(alone, 1.0, own / np.maximum(usual[label], 1e-12)), probability


def list_suspects(
    pack: Pack,
    images: EmbeddedSet,
    probability: np.ndarray,
    trust: np.ndarray,
    chosen: np.ndarray,
) -> list[Look]:
    """Describe the images at the places (m,), of probabilities (n, C)."""
    groups = None if pack.cls_num_list is None else class_groups(pack)
    names, looks = pack.class_names, []
    rank_in_class, number = rank_in_classes(trust, images.label)
    for i in chosen.tolist():
        given = int(images.label[i])
        others = probability[i].copy()
        others[given] = -1.0
        answer = int(others.argmax())
        times = "under 0.01" if trust[i] < 0.01 else f"{trust[i]:.2f}"
        reason = (
            f"believed {times} times as much as is usual of its class, "
            f"{rank_in_class[i]} of {number[i]} there"
        )
        group = "" if groups is None else str(groups[given])
        confidence = float(others[answer])
        looks.append(
            Look(images.path[i], names[given], names[answer], confidence, group, reason)
        )
    return looks


def rank_in_classes(
    trust: np.ndarray, label: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rank images (n,) among those of their class, from 1; and count these, (n,)."""
    order = np.lexsort((trust, label))
    number = np.bincount(label)
    first = np.concatenate([[0], np.cumsum(number)[:-1]])
    rank = np.empty(len(label), dtype=np.int64)
    rank[order] = np.arange(len(label)) - first[label[order]] + 1
    return rank, number[label]
