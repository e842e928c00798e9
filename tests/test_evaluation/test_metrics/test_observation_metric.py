import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample

from lpt_mm.evaluation import LongTailMetric
from lpt_mm.evaluation.metrics.observation_metric import (
    ObservationMetric,
    require_one_label,
)

COUNTS = [500, 50, 5]


def samples(label, logit):
    """Make what a model's test gives of images a, b, c ..."""
    scores = torch.as_tensor(logit, dtype=torch.float32).softmax(dim=1)
    return [
        DataSample(metainfo=dict(img_path=path))
        .set_gt_label(y)
        .set_pred_score(score)
        .set_pred_label(score.argmax())
        .to_dict()
        for path, y, score in zip("abcdefghij", label, scores, strict=False)
    ]


def evaluate(metric, given):
    for i in range(0, len(given), 2):
        metric.process([], given[i : i + 2])
    return metric.evaluate(len(given))


def test_the_scores_are_those_of_the_mean_logits():
    """Alone, two of the three images of plant 1 are wrong, and that of plant 2."""
    logit = np.log(
        [[0.5, 0.4, 0.1], [0.5, 0.4, 0.1], [0.05, 0.9, 0.05], [0.7, 0.2, 0.1]]
    )
    given = samples([1, 1, 1, 2], logit)
    plants = dict(a="1", b="1", c="1", d="2")
    metric = ObservationMetric(plants, cls_num_list=COUNTS)
    metrics = evaluate(metric, given)
    assert metrics["observation/overall"] == pytest.approx(50.0)
    assert metrics["observation/medium"] == pytest.approx(100.0)
    assert metrics["observation/few"] == pytest.approx(0.0)
    label, prediction, confidence = metric.predictions
    assert (label.tolist(), prediction.tolist()) == ([1, 2], [1, 0])
    product = np.exp(logit[:3]).prod(axis=0) ** (1 / 3)
    wanted = [product[1] / product.sum(), 0.7]
    np.testing.assert_allclose(confidence, wanted, rtol=1e-5)
    softmax = np.exp(logit[:3].mean(axis=0))
    assert wanted[0] == pytest.approx(softmax[1] / softmax.sum())
    by_image = evaluate(LongTailMetric(cls_num_list=COUNTS), given)
    assert by_image["long_tail/overall"] == pytest.approx(25.0)
    facts = metric.facts()
    assert facts["number"] == 2
    assert facts["intervals"]["overall"] == [50, 50]  # each class is all right or wrong


def test_observations_of_one_image_are_the_images():
    rng = np.random.default_rng(0)
    given = samples(rng.integers(0, 3, 10).tolist(), rng.normal(size=(10, 3)))
    by_image = LongTailMetric(
        cls_num_list=COUNTS, thresholds=(5, 50), convention="oltr"
    )
    wanted = evaluate(by_image, given)
    metric = ObservationMetric.like(by_image, {path: path for path in "abcdefghij"})
    found = evaluate(metric, given)
    assert {k.replace("observation", "long_tail"): v for k, v in found.items()} == (
        pytest.approx(wanted, abs=1e-4)
    )


def test_a_score_that_has_underflowed_rules_nothing_out():
    """Of the first image class 1 is at 0, of the four others at 1."""
    given = samples([1] * 5, [[200.0, 0.0, 0.0], *[[0.0, 90.0, 0.0]] * 4])
    assert given[0]["pred_score"][1] == 0
    metric = ObservationMetric(dict.fromkeys("abcde", "x"), cls_num_list=COUNTS)
    assert evaluate(metric, given)["observation/overall"] == 100


def test_scores_among_some_classes_alone():
    given = samples([1, 1], [[9.0, 1.0, 0.0], [9.0, 0.0, 0.5]])
    metric = ObservationMetric(dict(a="x", b="x"), cls_num_list=COUNTS)
    metric.dataset_meta = dict(scored_classes=[1, 2])
    assert evaluate(metric, given)["observation/overall"] == 100


def test_images_without_scores_or_paths_are_refused():
    metric = ObservationMetric({}, cls_num_list=COUNTS)
    sample = DataSample().set_gt_label(0).set_pred_label(0).to_dict()
    with pytest.raises(ValueError, match="each image needs its img_path"):
        metric.process([], [sample])


def test_an_observation_has_one_label():
    require_one_label(["a", "b", "a"], [0, 1, 0])
    with pytest.raises(ValueError, match="1 of 2 observations .* several labels.*: a$"):
        require_one_label(["a", "b", "a"], [0, 1, 1])
