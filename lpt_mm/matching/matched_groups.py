"""Which groups of prompts the images of a test are matched with."""

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from lpt_mm.answers.taxonomy import Taxonomy
from lpt_mm.engine.feature_pass import compute_features
from lpt_mm.evaluation.report import find_long_tail_metric
from lpt_mm.matching.report import MatchingReport
from lpt_mm.models.numerics import require_finite
from lpt_mm.utils.errors import UserError


def require_group_prompts(cfg: Config) -> None:
    """Refuse the config of a model without groups, by a ``ValueError``."""
    if not cfg.model.get("neck"):
        raise UserError(
            "the model has no neck, and so no groups to match: give a phase-2 config "
            "and its checkpoint"
        )


def examine_matching(runner: Runner, taxonomy: str | None = None) -> MatchingReport:
    """Match the test set of a run that has not begun, with its config's checkpoint.

    Args:
        runner: The run.
        taxonomy: CSV file of names above the classes, as of :class:`Taxonomy`.

    Returns:
        What the matching is like.
    """
    metric = find_long_tail_metric(runner.test_loop.evaluator)
    runner.call_hook("before_run")
    runner.load_or_resume()
    runner.call_hook("before_test")  # checks the data, and counts the classes
    loader, model = runner.test_dataloader, runner.model
    counts = metric.cls_num_list
    names = loader.dataset.metainfo.get("classes") or map(str, range(len(counts)))
    names = list(names)
    above = Taxonomy.read(taxonomy, names) if taxonomy is not None else None
    query, label = compute_features(model, loader, model.query, "matching")
    require_finite(query, "images")
    with torch.no_grad():
        choice = model.neck.choose(query)
    return MatchingReport.of(
        [choice],
        label.cpu().numpy(),
        model.neck.prompt_keys,
        class_names=names,
        cls_num_list=counts,
        shot_groups=metric.shot_groups,
        taxonomy=above,
    )
