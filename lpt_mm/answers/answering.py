"""What is asked of a model beside its likeliest classes."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from lpt_mm.answers.answer_sets import AnswerSets
from lpt_mm.answers.posterior import Posterior
from lpt_mm.answers.prior import Prior
from lpt_mm.answers.taxonomy import UNKNOWN, Taxonomy
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.pack import Pack


@dataclass(frozen=True)
class Question:
    """How a model is to answer.

    Args:
        prior: How frequent the classes are held to be.
        coverage: Which of the pack's answer sets are given; None for none.
        taxonomy: CSV file of :meth:`Taxonomy.read`, to answer as deep as is certain.
        certainty: The least summed probability of such an answer.
    """

    prior: Prior | None = None
    coverage: float | None = None
    taxonomy: str | None = None
    certainty: float = 0.9


class Answering:
    """Answer a question with the scores of a model.

    Args:
        pack: What is known of the model.
        question: How it is to answer.

    Raises:
        UserError: If the pack does not have what the question needs, or the table of
            the taxonomy is wrong.
    """

    def __init__(self, pack: Pack, question: Question) -> None:
        self._pack = pack
        self._certainty = question.certainty
        self.posterior = Posterior(pack, question.prior)
        self._sets = self._taxonomy = None
        if question.coverage is not None:
            self._sets = AnswerSets.of(pack, question.coverage)
        if question.taxonomy is not None:
            self._taxonomy = Taxonomy.read(question.taxonomy, pack.class_names)
            if not 0 < question.certainty <= 1:
                raise UserError(
                    f"a certainty is above 0 and at most 1, got {question.certainty}"
                )

    @property
    def columns(self) -> list[str]:
        """Which columns a table has for what is asked, beside those of classes."""
        of_sets = [] if self._sets is None else ["set", "set_size"]
        of_taxonomy = ["answer", "level", "certainty"]
        return of_sets + ([] if self._taxonomy is None else of_taxonomy)

    def further(self, score: Tensor, probability: Tensor) -> list[Mapping[str, object]]:
        """Give what a ``Prediction`` has beside classes, of each of n images.

        Args:
            score: (n, C) scores.
            probability: (n, C) of the classes.

        Returns:
            n values by name.
        """
        found: list[dict[str, object]] = [{} for _ in range(len(score))]
        if self._sets is not None:
            members = self._sets.members(self._pack, score)
            order = probability.argsort(dim=1, descending=True)
            names = self._pack.class_names
            for row, own, places in zip(
                found, members.gather(1, order), order, strict=True
            ):
                row["answer_set"] = tuple(names[i] for i in places[own].tolist())
        if self._taxonomy is not None:
            answer = self._taxonomy.back_off(probability, self._certainty)
            for row, *each in zip(found, *(x.tolist() for x in answer), strict=True):
                row |= self._describe(*each)
        return found

    def _describe(self, level: int, node: int, certainty: float) -> dict[str, object]:
        if level == UNKNOWN:
            return {}
        names = self._taxonomy.nodes[level]
        level_name = self._taxonomy.levels[level]
        return dict(answer=names[node], level=level_name, certainty=certainty)
