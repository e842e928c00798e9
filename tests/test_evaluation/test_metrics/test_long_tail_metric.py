import numpy as np
import pytest
import torch
from mmpretrain.registry import METRICS
from mmpretrain.structures import DataSample

from lpt_mm.evaluation import LongTailMetric
from tests.golden import load_golden


def results(label, prediction):
    return [
        DataSample().set_gt_label(int(y)).set_pred_label(int(p)).to_dict()
        for y, p in zip(label, prediction, strict=True)
    ]


def evaluate(label, prediction, **kwargs):
    metric = METRICS.build(dict(type="mmpretrain.LongTailMetric", **kwargs))
    samples = results(label, prediction)
    metric.process([], samples)
    return metric.evaluate(len(samples)), metric


def test_agrees_with_the_reference():
    golden, meta = load_golden("shot_accuracy")
    metrics, _ = evaluate(
        golden["label"], golden["prediction"], cls_num_list=golden["class_counts"]
    )
    for name, value in meta.items():
        assert metrics[f"long_tail/{name}"] == pytest.approx(value, abs=1e-9)


def test_accuracies_of_groups_and_classes():
    label = [0, 0, 0, 0, 1, 1, 2]
    prediction = [0, 0, 0, 1, 1, 0, 2]
    metrics, metric = evaluate(label, prediction, cls_num_list=[500, 50, 5, 3])
    f1 = (6 / 8 + 2 / 4 + 2 / 2) / 3
    assert metrics == pytest.approx(
        {
            "long_tail/overall": 500 / 7,
            "long_tail/many": 75.0,
            "long_tail/medium": 50.0,
            "long_tail/few": 100.0,
            "long_tail/mean_class": 75.0,
            "long_tail/macro_f1": 100 * f1,
            "long_tail/worst_class": 50.0,
            "long_tail/harmonic_mean": 300 / (4 / 3 + 2 + 1),
            "long_tail/geometric_mean": 100 * (0.75 * 0.5) ** (1 / 3),
        }
    )
    np.testing.assert_array_equal(metric.class_metrics.accuracy, [75, 50, 100, np.nan])


def test_a_group_without_images_is_left_out():
    metrics, _ = evaluate([0, 1], [0, 0], cls_num_list=[500, 200])
    assert "long_tail/many" in metrics
    assert not {"long_tail/medium", "long_tail/few"} & metrics.keys()


def with_scores(scores, label, **kwargs):
    metric = LongTailMetric(**kwargs)
    samples = [
        DataSample()
        .set_gt_label(y)
        .set_pred_score(score)
        .set_pred_label(score.argmax())
        for y, score in zip(label, torch.tensor(scores), strict=True)
    ]
    metric.process([], [sample.to_dict() for sample in samples])
    return metric


def test_calibration_of_all_and_of_groups():
    scores = [[0.9, 0.1], [0.9, 0.1], [0.2, 0.8]]
    metric = with_scores(scores, [0, 1, 1], cls_num_list=[500, 5])
    metrics = metric.evaluate(3)
    errors = {key: value for key, value in metrics.items() if "ece" in key}
    assert errors == pytest.approx(
        {
            "long_tail/ece": (80 + 20) / 3,  # 1 of 2 right at 90 %, 1 of 1 at 80 %
            "long_tail/ece_many": 10.0,
            "long_tail/ece_few": (90 + 20) / 2,
        },
        abs=1e-4,
    )


def test_confidence_is_that_among_the_scored_classes():
    metric = LongTailMetric(cls_num_list=[500, 50, 5])
    metric.dataset_meta = dict(scored_classes=(1, 2))
    sample = DataSample().set_gt_label(2).set_pred_label(0)
    sample.set_pred_score(torch.tensor([0.6, 0.1, 0.3]))
    metric.process([], [sample.to_dict()])
    assert metric.evaluate(1)["long_tail/ece"] == pytest.approx(25, abs=1e-4)


def test_calibration_is_left_out_where_a_score_is_missing():
    metric = with_scores([[0.9, 0.1]], [0], cls_num_list=[500, 5])
    metric.process([], results([0], [0]))
    assert not [key for key in metric.evaluate(2) if "ece" in key]


def test_says_which_convention_was_used(monkeypatch):
    said = []
    module = "lpt_mm.evaluation.metrics.long_tail_metric"
    monkeypatch.setattr(f"{module}.print_log", lambda text, **_: said.append(text))
    evaluate([0], [0], cls_num_list=[9], convention="oltr", thresholds=(5, 8))
    assert said == ["shot groups, oltr: few < 5 <= medium <= 8 < many"]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (dict(convention="other"), "'lpt', 'oltr'.*'other'"),
        (dict(thresholds=(100, 20)), r"increasing.*\(100, 20\)"),
        (dict(thresholds=(20,)), "two increasing"),
        (dict(bootstrap=-1), "bootstrap must be .* got -1"),
    ],
)
def test_refuses_impossible_settings(kwargs, message):
    with pytest.raises(ValueError, match=message):
        LongTailMetric(**kwargs)


def test_needs_the_class_counts_before_the_first_image_is_scored():
    with pytest.raises(ValueError, match="set cls_num_list in the evaluator"):
        LongTailMetric().process([], results([0], [0]))


def test_keeps_what_became_of_each_image():
    scores = [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7]]
    metric = with_scores(scores, [0, 0, 1], cls_num_list=[500, 5])
    metric.evaluate(3)
    label, prediction, confidence = metric.predictions
    assert (label.tolist(), prediction.tolist()) == ([0, 0, 1], [0, 1, 1])
    assert confidence == pytest.approx([0.9, 0.6, 0.7])


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ([], "no image was evaluated"),
        ([0, 2, 5], r"label 5 .* class counts are of 2 classes"),
        ([0, -1], "label -1 "),
    ],
)
def test_refuses_results_that_have_no_accuracy(label, message):
    with pytest.raises(ValueError, match=message):
        evaluate(label, [0] * len(label), cls_num_list=[5, 3])


@pytest.mark.parametrize("broken", [torch.nan, torch.inf])
@pytest.mark.parametrize("scored", [None, (0, 1)])
def test_scores_that_are_no_numbers_are_not_class_0(broken, scored):
    metric = LongTailMetric(cls_num_list=[5, 3])
    metric.dataset_meta = dict(scored_classes=scored)
    for score in ([broken, broken], [0.3, broken], [0.3, 0.7]):
        sample = DataSample().set_gt_label(0).set_pred_score(torch.tensor(score))
        sample.set_pred_label(0)
        metric.process([], [sample.to_dict()])
    with pytest.raises(ValueError, match="scores of 2 of 3 images are no finite"):
        metric.evaluate(3)


def test_scores_alone_are_enough():
    metric = LongTailMetric(cls_num_list=[5, 3])
    for label, score in ((0, [0.3, 0.7]), (1, [0.3, 0.7])):
        sample = DataSample().set_gt_label(label).set_pred_score(torch.tensor(score))
        metric.process([], [sample.to_dict()])
    assert metric.evaluate(2)["long_tail/overall"] == 50


def test_predictions_of_more_classes_are_refused():
    with pytest.raises(ValueError, match=r"prediction 9 .* counts are of 2 classes"):
        evaluate([0, 1], [0, 9], cls_num_list=[5, 3])
