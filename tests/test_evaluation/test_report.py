import json

import numpy as np
import pytest
from mmengine.evaluator import Evaluator
from mmpretrain.evaluation import Accuracy
from PIL import Image

from lpt_mm.evaluation import LongTailMetric
from lpt_mm.evaluation.report import (
    draw_accuracy_over_frequency,
    find_long_tail_metric,
    print_table,
    write_report,
)

METRICS = {
    "long_tail/overall": 60.0,
    "long_tail/few": 40.0,
    "long_tail/mean_class": 50.0,
}


def make_report(path):
    metric = LongTailMetric(cls_num_list=[300, 50, 2], thresholds=(20, 100))
    metric.dataset_meta = dict(classes=("ant", "bee", "cat"))
    metric.class_accuracy = np.array([90.0, np.nan, 40.0])
    write_report(path, METRICS, metric)
    return json.loads(path.read_text())


def test_report_holds_metrics_convention_and_classes(tmp_path):
    report = make_report(tmp_path / "new" / "m.json")
    assert {key: report[key] for key in METRICS} == METRICS
    assert report["shot_groups"] == "lpt: few <= 20 < medium <= 100 < many"
    assert report["classes"] == [
        dict(name="ant", train_images=300, shot_group="many", accuracy=90.0),
        dict(name="bee", train_images=50, shot_group="medium", accuracy=None),
        dict(name="cat", train_images=2, shot_group="few", accuracy=40.0),
    ]


def test_the_metric_is_found_among_others():
    metric = LongTailMetric()
    evaluator = Evaluator([Accuracy(), metric])
    assert find_long_tail_metric(evaluator) is metric
    with pytest.raises(ValueError, match="no LongTailMetric: add one"):
        find_long_tail_metric(Evaluator([Accuracy()]))


def test_table_leaves_out_what_is_unknown(capsys):
    print_table({"mine": METRICS}, "the convention")
    out = capsys.readouterr().out
    assert "the convention" in out
    row = next(line for line in out.splitlines() if "mine" in line)
    assert [cell.strip() for cell in row.split("│")[1:-1]] == [
        "mine",
        "60.00",
        "-",
        "-",
        "40.00",
        "50.00",
    ]


def test_picture_is_drawn(tmp_path):
    report = make_report(tmp_path / "m.json")
    draw_accuracy_over_frequency({"a": report, "b": report}, tmp_path / "p.png")
    pixels = np.asarray(Image.open(tmp_path / "p.png").convert("RGB"))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50
