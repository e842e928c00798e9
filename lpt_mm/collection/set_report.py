"""How large answer sets are, and how often they hold the true class."""

import os
from dataclasses import dataclass, replace

import numpy as np
import torch

from lpt_mm.answers.answer_sets import AnswerSets
from lpt_mm.answers.posterior import class_groups
from lpt_mm.collection.embedded_set import EmbeddedSet
from lpt_mm.collection.writing import require_new_pack, write_pack
from lpt_mm.evaluation.metrics.shot_groups import places_of_groups
from lpt_mm.weights.pack import Pack, read_pack


@dataclass(frozen=True)
class SetReport:
    """Numbers of some images.

    Args:
        images: How many.
        coverage: Share whose class is in the set, in per cent.
        size: Mean number of classes in the set.
        one: Share of sets of one class, in per cent.
        empty: Share of sets of none, in per cent.
    """

    images: int
    coverage: float
    size: float
    one: float
    empty: float


def make_answer_sets(
    pack: str | os.PathLike,
    validation: str | os.PathLike,
    coverage: float,
    kind: str = "all",
    class_weight: float = 0.5,
    test: str | os.PathLike | None = None,
    out: str | os.PathLike | None = None,
) -> tuple[AnswerSets, dict[str, SetReport]]:
    """Find thresholds, test them, and write the pack with them.

    Args:
        pack: The pack.
        validation: Validation set, of ``tools/inference/embed.py``.
        coverage: As of :class:`AnswerSets`.
        kind: As of :class:`AnswerSets`.
        class_weight: As of :meth:`AnswerSets.fit`.
        test: Test set, of ``tools/inference/embed.py``.
        out: New pack.

    Returns:
        The sets, and their numbers on the test set by name, see :func:`report_sets`.

    Raises:
        FileExistsError: If the new file exists.
        UserError: If a set is of another model, or too small.
    """
    if out is not None:
        require_new_pack(out)
    content = read_pack(pack)
    images = EmbeddedSet.read(validation, content).labelled
    tested = None if test is None else EmbeddedSet.read(test, content).labelled
    sets = AnswerSets.fit(
        content, images.score, images.label, coverage, kind, class_weight
    )
    if out is not None:
        facts = sets.add_to(content.calibration)
        write_pack(replace(content, calibration=facts), out)
    if tested is None:
        return sets, {}
    return sets, report_sets(content, sets, tested.score, tested.label)


def report_sets(
    pack: Pack, sets: AnswerSets, score: np.ndarray, label: np.ndarray
) -> dict[str, SetReport]:
    """Test answer sets.

    Args:
        pack: The model.
        sets: The sets.
        score: (n, C) scores of a test set.
        label: (n,) its classes.

    Returns:
        The numbers of all images, ``overall``, and of each shot group that has any.
    """
    members = sets.members(pack, torch.from_numpy(score)).numpy()
    size = members.sum(axis=1)
    covered = members[np.arange(len(label)), label]
    places = {"overall": np.ones(len(label), dtype=bool)}
    places |= places_of_groups(class_groups(pack)[label])
    return {
        name: SetReport(
            int(where.sum()),
            100 * float(covered[where].mean()),
            float(size[where].mean()),
            100 * float((size[where] == 1).mean()),
            100 * float((size[where] == 0).mean()),
        )
        for name, where in places.items()
    }
