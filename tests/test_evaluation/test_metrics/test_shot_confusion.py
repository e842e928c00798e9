import numpy as np
from sklearn.metrics import confusion_matrix

from lpt_mm.evaluation.metrics.shot_groups import count_shot_confusion


def test_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    groups = np.array(["few", "many", "medium", "many", "few"])
    label, prediction = rng.integers(5, size=(2, 200))
    confusion = count_shot_confusion(label, prediction, groups)
    names = ["many", "medium", "few"]
    expected = confusion_matrix(groups[label], groups[prediction], labels=names)
    np.testing.assert_array_equal(confusion["images"], expected)
    hits = [int(((label == prediction) & (groups[label] == n)).sum()) for n in names]
    assert confusion["correct"] == hits
    assert (hits < expected.diagonal()).any()
