import numpy as np
import pytest

from lpt_mm.evaluation.metrics.calibration import expected_calibration_error


def slow_error(confidence, correct):
    """Go through the bins of equation 3, open below and closed above."""
    error = 0.0
    for m in range(15):
        members = [
            i for i, c in enumerate(confidence) if m < 15 * c <= m + 1 or (m == c == 0)
        ]
        if members:
            mean = sum(confidence[i] for i in members) / len(members)
            accuracy = sum(bool(correct[i]) for i in members) / len(members)
            error += len(members) / len(confidence) * abs(mean - accuracy)
    return 100 * error


@pytest.mark.parametrize("images", [1, 10, 1000])
def test_agrees_with_a_plain_loop(images):
    rng = np.random.default_rng(images)
    confidence = rng.random(images)
    correct = rng.random(images) < confidence**2
    error = expected_calibration_error(confidence, correct)
    assert error == pytest.approx(slow_error(confidence, correct))


def test_bounds_of_bins():
    # 1 / 3 ends the fifth bin; both ends of the scale are in a bin.
    confidence = np.array([0.0, 1 / 3, 1 / 3 + 1e-3, 1.0])
    correct = np.array([False, True, False, True])
    error = expected_calibration_error(confidence, correct)
    assert error == pytest.approx(slow_error(confidence, correct))
    assert error == pytest.approx(100 * (2 / 3 + 1 / 3 + 1e-3) / 4)


@pytest.mark.parametrize(
    ("confidence", "hits", "error"), [(0.8, 8, 0), (0.8, 4, 40), (1.0, 0, 100)]
)
def test_known_errors(confidence, hits, error):
    correct = np.arange(10) < hits
    found = expected_calibration_error(np.full(10, confidence), correct)
    assert found == pytest.approx(error, abs=1e-9)
