import pytest

from lpt_mm.data_check.class_statistics import gini, imbalance_ratio


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([7, 7, 7, 7], 0),
        ([0, 0, 0, 12], 3 / 4),  # (C - 1) / C
        ([1, 3], 1 / 4),  # mean difference 1, twice the mean 4
        # Differences 1, 1, 1, 2, 2, 3, each counted twice, of 16 pairs; mean 2.5.
        ([4, 1, 3, 2], 2 * 10 / 16 / 5),
    ],
)
def test_gini_by_hand(counts, expected):
    assert gini(counts) == pytest.approx(expected)


def test_imbalance_ratio_leaves_empty_classes_out():
    assert imbalance_ratio([0, 5, 100]) == 20


def test_without_images_there_are_no_statistics():
    assert gini([0, 0]) is None and imbalance_ratio([0, 0]) is None
