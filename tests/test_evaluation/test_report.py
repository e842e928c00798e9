import csv

import pytest
import torch
from mmengine.evaluator import Evaluator
from mmpretrain.evaluation import Accuracy

from lpt_mm.evaluation import LongTailMetric
from lpt_mm.evaluation.report import (
    find_long_tail_metric,
    make_report,
    read_report,
    write_class_csv,
)
from lpt_mm.utils.json_file import write_json


@pytest.fixture
def report():
    """Three images of ants, one of them taken for a cat, and two of cats."""
    metric = LongTailMetric(cls_num_list=[300, 50, 2], prefix="long_tail")
    metric.dataset_meta = dict(classes=("ant", "bee", "cat"))
    score = torch.eye(3) * 0.7 + 0.1
    for label, prediction in ((0, 0), (0, 0), (0, 2), (2, 2), (2, 2)):
        sample = dict(
            gt_label=label, pred_label=prediction, pred_score=score[prediction]
        )
        metric.process([], [sample])
    return make_report(metric.evaluate(5), metric)


def test_report_holds_metrics_convention_and_classes(report):
    assert report["long_tail/overall"] == 80
    assert report["shot_groups"] == "lpt: few <= 20 < medium <= 100 < many"
    ant, bee, cat = report["classes"]
    assert ant == dict(
        name="ant",
        train_images=300,
        shot_group="many",
        test_images=3,
        accuracy=pytest.approx(200 / 3),
        precision=100.0,
        f1=pytest.approx(80),
    )
    assert bee["test_images"] == 0
    assert [bee[key] for key in ("accuracy", "precision", "f1")] == [None] * 3
    assert cat["precision"] == pytest.approx(200 / 3)


def test_report_holds_intervals_and_confusion(report):
    assert report["intervals"].keys() == {"overall", "many", "few", "mean_class"}
    low, high = report["intervals"]["overall"]
    assert low <= report["long_tail/overall"] <= high
    assert report["shot_confusion"] == dict(
        groups=["many", "medium", "few"],
        images=[[2, 0, 1], [0, 0, 0], [0, 0, 2]],
        correct=[2, 0, 2],
    )


def test_intervals_can_be_turned_off():
    metric = LongTailMetric(cls_num_list=[300, 2], bootstrap=0)
    metric.process([], [dict(gt_label=0, pred_label=0)])
    assert make_report(metric.evaluate(1), metric)["intervals"] == {}


def test_json_gives_the_report_back(report, tmp_path):
    path = tmp_path / "new" / "m.json"
    write_json(path, report)
    assert read_report(path) == report
    with pytest.raises(FileExistsError, match=r"m.json"):
        write_json(path, {})
    assert read_report(path) == report


@pytest.mark.parametrize("content", [b"", b"\xff", b"[1]", b'{"classes": []}'])
def test_other_files_are_no_reports(tmp_path, content):
    (tmp_path / "a\x1b.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\\x1b.json' is no file of tools/test.py"):
        read_report(tmp_path / "a\x1b.json")


def test_csv_has_a_line_for_each_class(report, tmp_path):
    path = tmp_path / "new" / "classes.csv"
    write_class_csv(path, report)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["class"] for row in rows] == ["0", "1", "2"]
    assert [row["name"] for row in rows] == ["ant", "bee", "cat"]
    assert [row["test_images"] for row in rows] == ["3", "0", "2"]
    assert [row["recall"] for row in rows] == [row["accuracy"] for row in rows]
    assert float(rows[0]["f1"]) == pytest.approx(80)
    assert rows[1]["accuracy"] == ""
    with pytest.raises(FileExistsError, match=r"classes.csv"):
        write_class_csv(path, report)


def test_the_metric_is_found_among_others():
    metric = LongTailMetric()
    evaluator = Evaluator([Accuracy(), metric])
    assert find_long_tail_metric(evaluator) is metric
    with pytest.raises(ValueError, match="no LongTailMetric: add one"):
        find_long_tail_metric(Evaluator([Accuracy()]))
