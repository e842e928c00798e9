from statistics import mean, stdev, variance

import numpy as np
import pytest

from lpt_mm.evaluation.metrics.class_metrics import ClassMetrics
from lpt_mm.sweep.paired import Fold, paired_differences

GROUPS = np.array(["many", "few", "few"])
LABEL = np.array([0] * 6 + [1] * 3 + [2] * 2)
GAIN = np.array([[1, 1, -1, 0, 0, 1, 1, 0, 1, -1, 0]], dtype=float)


def root_of_sum(values):
    return sum(value**2 for value in values) ** 0.5


def test_errors_over_images_are_those_of_the_gains():
    found = paired_differences([Fold(LABEL, GAIN, GROUPS)])
    assert list(found) == ["overall", "many", "few", "mean_class"]
    for name, gain in (("overall", GAIN[0]), ("many", GAIN[0, :6])):
        error = 100 * stdev(gain) / len(gain) ** 0.5
        assert found[name].value == pytest.approx(100 * mean(gain))
        assert found[name].image_error == pytest.approx(error)
        half = found[name].image_interval[1] - found[name].value
        assert half == pytest.approx(1.959964 * error)
    classes = [GAIN[0, c == LABEL] for c in range(3)]
    errors = [(variance(gain) / len(gain)) ** 0.5 for gain in classes]
    mean_class = found["mean_class"]
    assert mean_class.value == pytest.approx(100 * mean(map(mean, classes)))
    assert mean_class.image_error == pytest.approx(100 * root_of_sum(errors) / 3)
    assert np.isnan(mean_class.run_error)
    assert not mean_class.is_clear


def test_differences_are_those_of_the_accuracies():
    rng = np.random.default_rng(0)
    label = rng.integers(3, size=50)
    predictions = rng.integers(3, size=(2, 50))
    of_row, of_reference = (
        ClassMetrics.count(label, prediction, 3).accuracies(GROUPS)
        for prediction in predictions
    )
    correct = (predictions == label).astype(float)
    found = paired_differences([Fold(label, correct[:1] - correct[1:], GROUPS)])
    assert found.keys() == of_row.keys()
    for name, difference in found.items():
        assert difference.value == pytest.approx(of_row[name] - of_reference[name])


def test_seeds_are_averaged_over_before_images_are():
    opposite = Fold(LABEL, np.concatenate([GAIN, -GAIN]), GROUPS)
    found = paired_differences([opposite])["overall"]
    assert (found.value, found.image_error) == (0, 0)
    assert found.run_error == pytest.approx(100 * mean(GAIN[0]))  # of two, half apart
    assert found.run_interval[1] == pytest.approx(12.7062 * found.run_error)


def test_folds_are_what_is_compared_where_there_are_some():
    rng = np.random.default_rng(0)
    gains = [rng.integers(-1, 2, size=(2, n)) for n in (10, 20, 30)]
    folds = [
        Fold(rng.integers(3, size=gain.shape[1]), gain.astype(float), GROUPS)
        for gain in gains
    ]
    found = paired_differences(folds)["overall"]
    means = [100 * gain.mean() for gain in gains]
    errors = [100 * stdev(g.mean(axis=0)) / g.shape[1] ** 0.5 for g in gains]
    assert found.value == pytest.approx(mean(means))
    assert found.image_error == pytest.approx(root_of_sum(errors) / 3)
    assert found.run_error == pytest.approx(stdev(means) / 3**0.5)
    half = found.run_interval[1] - found.value
    assert half == pytest.approx(4.302653 * found.run_error)


def test_a_group_of_one_fold_alone_has_no_error_over_folds():
    gain = np.concatenate([GAIN, -GAIN])  # of two seeds
    folds = [Fold(LABEL, gain, groups) for groups in (GROUPS, GROUPS[[0, 0, 0]])]
    found = paired_differences(folds)
    assert np.isnan(found["few"].run_error)
    assert found["many"].run_error == 0  # each fold has 0 on average


def test_the_error_of_the_mean_class_is_how_far_it_spreads():
    """Of classes that differ in images and in what is gained, in two folds."""
    rng = np.random.default_rng(0)
    label = np.repeat([0, 1, 2], [40, 12, 4])
    shares = np.array([[0.1, 0.2], [0.3, 0.1], [0.4, 0.4]])[label]  # of 1 and of -1

    def draw():
        at = rng.random(len(label))
        return (at < shares[:, 0]) - 1.0 * (at > 1 - shares[:, 1])

    drawn = [
        paired_differences([Fold(label, draw()[None], GROUPS) for _ in range(2)])
        for _ in range(400)
    ]
    values = [found["mean_class"].value for found in drawn]
    errors = [found["mean_class"].image_error for found in drawn]
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(stdev(values), rel=0.1)
    assert mean(values) == pytest.approx(100 * (-0.1 + 0.2 + 0) / 3, abs=1.5)


def test_a_class_of_one_image_is_given_the_spread_of_the_others():
    label = np.array([0, 0, 0, 1])
    found = paired_differences([Fold(label, np.array([[1.0, 0, 0, 1]]), GROUPS)])
    spread = variance([1, 0, 0])
    error = 100 * (spread / 3 + spread) ** 0.5 / 2  # class 2 has no image
    assert found["mean_class"].value == pytest.approx(100 * (1 / 3 + 1) / 2)
    assert found["mean_class"].image_error == pytest.approx(error)


@pytest.mark.parametrize(("runs", "clear"), [((0.5, 0.5), True), ((0, 1), False)])
def test_what_is_clear_is_beyond_chance_over_images_and_runs(runs, clear):
    gain = np.array([np.arange(20) < 20 * share for share in runs], dtype=float)
    found = paired_differences([Fold(np.zeros(20, int), gain, GROUPS)])["overall"]
    assert found.value == 50
    assert found.image_interval[0] > 0
    assert found.is_clear == clear
