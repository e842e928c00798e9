"""The numbers on a pool, from the choices for batches of images."""

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from lpt_mm.evaluation.metrics import ShotGroups
from lpt_mm.matching.report import MatchingReport
from lpt_mm.models.necks.choice import choose_soft, choose_topk


def report_of(choices, keys):
    label = np.array([0, 1, 1, 0, 0])
    return MatchingReport.of(choices, label, keys, "ab", [30, 5], ShotGroups())


def test_batches_count_as_one():
    query, keys = torch.randn(5, 8), torch.nn.Parameter(torch.randn(6, 8))
    parts = [choose_topk(part, keys, 2) for part in query.split([3, 2])]
    report = report_of(parts, keys)
    whole = report_of([choose_topk(query, keys, 2)], keys)
    np.testing.assert_allclose(report.co_choice, whole.co_choice)
    np.testing.assert_array_equal(report.combinations, whole.combinations)
    np.testing.assert_array_equal(report.matches, whole.matches)
    assert report.matches.sum() == 2 * 5
    assert report.combinations.sum() == 5


def test_soft_matching_is_ranked_by_its_shares():
    query, keys = torch.randn(5, 8), torch.randn(6, 8)
    choice = choose_soft(query, keys, 2, temperature=3.0)
    spectrum = torch.linalg.svdvals(choice.share.double()) ** 2
    rank = np.exp(entropy(spectrum.numpy()))
    found = report_of([choice], keys).summary()
    assert found["co_choice_rank"] == pytest.approx(rank)
    sets = {tuple(sorted(row)) for row in choice.groups.tolist()}
    assert found["combinations"] == len(sets)
