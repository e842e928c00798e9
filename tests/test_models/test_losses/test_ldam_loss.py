import pytest
from scipy.special import log_softmax
from torch.nn import functional as F
from torch.testing import assert_close

from lpt_mm.models.losses import LDAMLoss
from tests.test_models.test_losses.common import COUNTS, scores


@pytest.mark.parametrize("max_margin", [0.2, 0.5])
def test_is_the_formula(max_margin):
    cosine, target = scores(scale=1.0)
    expected = 0
    for row, label in zip(cosine.numpy(), target, strict=True):
        row = row.copy()
        # C / n ** (1/4), with C such that the rarest class has max_margin.
        row[label] -= max_margin * 3**0.25 / COUNTS[label] ** 0.25
        expected -= log_softmax(30.0 * row)[label] / len(target)
    loss = LDAMLoss(max_margin, scale=30.0, cls_num_list=COUNTS)
    assert loss(cosine, target).item() == pytest.approx(expected, rel=1e-12)


def test_is_cross_entropy_without_margin():
    cosine, target = scores(scale=1.0)
    loss = LDAMLoss(max_margin=0.0, cls_num_list=COUNTS)
    assert_close(loss(cosine, target), F.cross_entropy(20 * cosine, target))


def test_margins_of_known_counts():
    loss = LDAMLoss(max_margin=0.5, cls_num_list=[16, 1, 81, 256])
    margins = [0.25, 0.5, 0.5 / 3, 0.125]
    assert loss.per_class(scores()[0]).tolist() == pytest.approx(margins)
