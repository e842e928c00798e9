"""Accuracy where several images of one thing get one answer."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
import torch

from lpt_mm.evaluation.metrics.long_tail_metric import LongTailMetric, read_prediction
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import list_some


class ObservationMetric(LongTailMetric):
    """The metrics of :class:`LongTailMetric`, by observation: ``observation/...``.

    The scores of an observation are the geometric means of those of its images, made to
    sum up to 1: what the mean of the logits gives, too. The shot groups are still by
    training images. All log-scores are held, 4 bytes for each image and class.

    Args:
        observation_of: The observation of each image, by its ``img_path``; all images
            of one have the same label, see :func:`require_one_label`.
        **kwargs: Keyword arguments of :class:`LongTailMetric`.
    """

    default_prefix = "observation"

    def __init__(self, observation_of: Mapping[str, str], **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.observation_of = observation_of

    @classmethod
    def like(cls, metric: LongTailMetric, observation_of: Mapping[str, str]) -> Self:
        """Make one for the classes and shot groups of another metric."""
        groups = metric.shot_groups
        made = cls(
            observation_of,
            convention=groups.convention,
            thresholds=groups.thresholds,
            cls_num_list=metric.cls_num_list,
            bootstrap=metric.bootstrap,
            collect_device=metric.collect_device,
        )
        made.dataset_meta = metric.dataset_meta
        return made

    def process(self, data_batch: Sequence[dict], data_samples: Sequence[dict]) -> None:
        """Keep observation, label and log-scores of each image."""
        for sample in data_samples:
            if not {"img_path", "pred_score"} <= sample.keys():
                raise UserError(
                    "to test by observation, each image needs its img_path (of "
                    "PackInputs) and the model's pred_score"
                )
            score = sample["pred_score"].float()
            # A score that has underflowed is small, but does not rule a class out.
            log_score = score.clamp(min=torch.finfo(torch.float32).tiny).log()
            observation = self.observation_of[sample["img_path"]]
            label = int(sample["gt_label"])
            self.results.append((observation, label, log_score.cpu().numpy()))

    def compute_metrics(self, results: list[tuple[str, int, np.ndarray]]) -> dict:
        """Compute the metrics of the observations, in all processes."""
        found: dict[str, list[np.ndarray]] = defaultdict(list)
        label_of = {}
        for observation, label, log_score in results:
            found[observation].append(log_score)
            label_of[observation] = label
        scored = (self.dataset_meta or {}).get("scored_classes")
        answers = []
        for observation, log_scores in found.items():
            score = torch.from_numpy(np.mean(log_scores, axis=0)).softmax(dim=0)
            answer = read_prediction(dict(pred_score=score), scored)
            answers.append((label_of[observation], *answer))
        return super().compute_metrics(answers)

    def facts(self) -> dict:
        """Say how many observations there were, and how far chance may be off."""
        number = int(self.class_metrics.test_images.sum())
        return dict(number=number, intervals=self.intervals())


def require_one_label(observations: Sequence[str], labels: Sequence[int]) -> None:
    """Refuse observations whose images have several labels.

    Args:
        observations: The observation of each image.
        labels: Its label.

    Raises:
        UserError: If there are any.
    """
    found: dict[str, int] = {}
    several = {
        observation
        for observation, label in zip(observations, labels, strict=True)
        if found.setdefault(observation, label) != label
    }
    if several:
        raise UserError(
            f"{len(several):,} of {len(found):,} observations have images of several "
            f"labels, and no one answer can be right: {list_some(several, limit=5)}"
        )
