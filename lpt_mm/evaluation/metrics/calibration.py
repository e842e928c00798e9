"""Whether a model is as often right as it is confident."""

import numpy as np

NUM_BINS = 15


def expected_calibration_error(confidence: np.ndarray, correct: np.ndarray) -> float:
    """Compute the mean gap between confidence and accuracy, in per cent.

    The images, (n,) each, are put into 15 equally wide bins (0, 1/15], (1/15, 2/15] ...
    by their confidence, the score of the predicted class. The gap of a bin, between its
    mean confidence and its accuracy, has the weight of the bin's images. Source: On
    Calibration of Modern Neural Networks, equation 3, https://arxiv.org/abs/1706.04599.
    """
    bins = confidence_bins(confidence)
    # Of a bin: images * |confidence / images - correct / images|.
    gap = np.bincount(bins, weights=confidence - correct)
    return 100 * float(np.abs(gap).sum()) / len(confidence)


def confidence_bins(confidence: np.ndarray) -> np.ndarray:
    """Give the bin of each confidence, (number of images,) from 0 to 14."""
    return np.ceil(confidence * NUM_BINS).astype(np.int64).clip(1, NUM_BINS) - 1
