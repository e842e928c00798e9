import json

import pytest
from PIL import Image

from lpt_mm.sweep.pictures import draw_pictures
from lpt_mm.sweep.plan import Plan
from lpt_mm.sweep.results import mean_report
from lpt_mm.sweep.row import Repeat, Row
from tests.conftest import ROOT

CONFIG = str(ROOT / "configs" / "baselines" / "knn_digits_lt.py")
ROW = Row("K-NN", CONFIG)


@pytest.fixture
def plan(tmp_path):
    for seed, hits in enumerate((60.0, 80.0)):
        classes = [
            dict(name="a", train_images=9, shot_group="many", accuracy=hits),
            dict(name="b", train_images=1, shot_group="few", accuracy=None),
        ]
        for described, images in zip(classes, (10, 0), strict=True):
            described["test_images"] = images
        confusion = dict(images=[[4, 0, seed]] * 3, correct=[3, 2, 1])
        confusion["groups"] = ["many", "medium", "few"]
        report = {
            "long_tail/overall": hits,
            "classes": classes,
            "shot_confusion": confusion,
            "shot_groups": "",
        }
        folder = ROW.folder(tmp_path, Repeat(seed))
        folder.mkdir(parents=True)
        (folder / "test.json").write_text(json.dumps(report))
    return Plan("mine", [ROW], [0, 1])


def test_reports_are_averaged_over_the_seeds(plan, tmp_path):
    mean = mean_report(plan, tmp_path, ROW)
    assert mean["long_tail/overall"] == 70.0
    assert [c["accuracy"] for c in mean["classes"]] == [70.0, None]
    assert mean["shot_confusion"]["images"] == [[8, 0, 1]] * 3
    assert mean["shot_confusion"]["correct"] == [6, 4, 2]


def test_the_test_images_are_those_of_all_folds(tmp_path):
    """Whose accuracies count by their images, if there are any."""
    plan = Plan("mine", [ROW], [0, 1], folds=[0, 1])
    of_class = {0: [(10, 50.0), (4, 75.0)], 1: [(30, 90.0), (0, None)]}
    for repeat, report in plan.reports(tmp_path, ROW).items():
        classes = [
            dict(shot_group="few", test_images=images, accuracy=accuracy)
            for images, accuracy in of_class[repeat.fold]
        ]
        confusion = dict(images=[[1]], correct=[1])
        found = {"long_tail/overall": 50.0, "shot_confusion": confusion}
        report.parent.mkdir(parents=True)
        report.write_text(json.dumps(dict(found, classes=classes, shot_groups="")))
    classes = mean_report(plan, tmp_path, ROW)["classes"]
    assert [row["test_images"] for row in classes] == [40, 4]
    assert [row["accuracy"] for row in classes] == [80.0, 75.0]


def test_pictures_are_drawn_of_what_there_is(plan, tmp_path):
    out = tmp_path / "pictures"
    draw_pictures(plan, tmp_path, ["K-NN"], out)
    names = {path.name for path in out.iterdir()}
    assert names == {"accuracy_over_frequency.png", "shot_confusion.png"}
    with pytest.raises(FileExistsError, match="accuracy_over_frequency"):
        draw_pictures(plan, tmp_path, ["K-NN"], out)
    for path in out.iterdir():
        assert min(Image.open(path).size) > 300


def test_names_what_is_missing(plan, tmp_path):
    with pytest.raises(
        ValueError, match=r"no rows \['phase 3'\]; there are \['K-NN'\]"
    ):
        draw_pictures(plan, tmp_path, ["phase 3"], tmp_path)
    with pytest.raises(ValueError, match="at most 4 rows can be told apart, got 5"):
        draw_pictures(plan, tmp_path, ["K-NN"] * 5, tmp_path)
    longer = Plan("mine", [ROW], [0, 1, 2])
    with pytest.raises(FileNotFoundError, match=r"K-NN: 1 of 3 runs.*sweep\.py"):
        draw_pictures(longer, tmp_path, ["K-NN"], tmp_path)
