import json

import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from lpt_mm.evaluation.predictions import (
    Predictions,
    predictions_beside,
    read_predictions,
    write_predictions,
)
from lpt_mm.sweep.differences import (
    check_predictions,
    find_differences,
    write_differences,
)
from lpt_mm.sweep.forest_picture import draw_forest
from lpt_mm.sweep.paired import Difference
from lpt_mm.sweep.pictures import draw_differences
from lpt_mm.sweep.plan import Plan
from lpt_mm.sweep.row import Row
from lpt_mm.utils.errors import UserError
from tests.conftest import ROOT

CONFIG = str(ROOT / "configs" / "baselines" / "knn_digits_lt.py")
A, B, GONE = (Row(name, CONFIG, dict(work_dir=name)) for name in ("a|", "b", "gone"))
LABEL = np.repeat([0, 1], [8, 2])


def hits(*right):
    prediction = 1 - LABEL
    prediction[list(right)] = LABEL[list(right)]
    return Predictions(LABEL, prediction, np.full(10, 0.5))


def write_test(report, predictions, groups=("many", "few")):
    report.parent.mkdir(parents=True)
    classes = [dict(shot_group=group) for group in groups]
    report.write_text(json.dumps(dict(shot_groups="", classes=classes)))
    if predictions is not None:
        write_predictions(predictions_beside(report), predictions)


def make_plan(compare, **more):
    return Plan(
        "mine", [A, B, GONE], compare=compare, **dict(dict(seeds=[0, 1]), **more)
    )


@pytest.fixture
def root(tmp_path):
    """Row a is 20 points ahead of b with seed 0, and 10 with seed 1."""
    plan = make_plan({})
    for row, right in ((A, [(0, 1, 8), (0, 9)]), (B, [(0,), (0,)])):
        for report, own in zip(
            plan.reports(tmp_path, row).values(), right, strict=True
        ):
            write_test(report, hits(*own))
    return tmp_path


def test_comparisons_are_of_the_same_images_and_runs(root, tmp_path):
    plan = make_plan({"a|": ["b", "gone"]})
    check_predictions(plan, root)
    found = find_differences(plan, root)
    assert list(found) == [("a|", "b")]
    assert found["a|", "b"]["overall"].value == pytest.approx(15)
    assert found["a|", "b"]["few"].value == pytest.approx(50)
    assert found["a|", "b"]["mean_class"].value == pytest.approx((6.25 + 50) / 2)
    assert found["a|", "b"]["overall"].run_error == pytest.approx(5)
    lines = write_differences(plan, root, tmp_path / "out").read_text().splitlines()
    assert r"| a\| | b | overall | +15.00 |" in lines[5]
    assert "| ± 5.00 (-48.53 … +78.53) |  |" in lines[5]
    assert lines[-1] == r"| a\| | gone | not done | - | - | - |  |"
    assert {line.replace(r"\|", "").count("|") for line in lines[3:]} == {8}


def test_folds_have_images_of_their_own(tmp_path):
    plan = make_plan({"a|": ["b"]}, seeds=[0], folds=[3, 4])
    of_row, of_reference = (plan.reports(tmp_path, row) for row in (A, B))
    for place, repeat in enumerate(plan.repeats):
        groups = ("many", "few") if place else ("many", "medium")
        flipped = hits(0, 9)._replace(label=1 - LABEL) if place else hits(0, 1, 9)
        write_test(of_row[repeat], flipped, groups)
        other = hits()._replace(label=flipped.label)
        write_test(of_reference[repeat], other, groups)
    found = find_differences(plan, tmp_path)["a|", "b"]
    assert found["overall"].value == pytest.approx((30 + 60) / 2 - 40)
    assert found["few"].run_error != found["few"].run_error  # of one fold alone
    text = write_differences(plan, tmp_path, tmp_path / "out").read_text()
    assert "over folds |" in text


@pytest.mark.parametrize("other", ["images", "groups"])
def test_other_images_are_not_compared(tmp_path, other):
    plan = make_plan({"a|": ["b"]}, seeds=[0])
    (of_row,), (of_reference,) = (plan.reports(tmp_path, x).values() for x in (A, B))
    write_test(of_row, hits(0))
    label = LABEL[::-1] if other == "images" else LABEL
    groups = ("many", "few" if other == "images" else "medium")
    write_test(of_reference, hits(0)._replace(label=label), groups)
    with pytest.raises(ValueError, match="other images or shot groups than"):
        find_differences(plan, tmp_path)


def test_tests_without_predictions_are_named(tmp_path):
    plan = make_plan({"a|": ["b"]}, seeds=[0])
    (report,) = plan.reports(tmp_path, A).values()
    write_test(report, None)
    with pytest.raises(FileNotFoundError, match=r"1 tests to compare .*test\.json"):
        check_predictions(plan, tmp_path)
    check_predictions(make_plan({"b": ["gone"]}), tmp_path)


def test_predictions_come_back(tmp_path):
    write_predictions(path := tmp_path / "p", hits(0, 9))
    read = read_predictions(path)
    assert [*np.flatnonzero(read.correct)] == [0, 9]
    assert [*map(list, read)] == [*map(list, hits(0, 9))]
    with pytest.raises(FileExistsError):
        write_predictions(path, hits())


# numpy knows these types where another package (ml_dtypes) has brought them.
OTHER_TYPE = "has no predictions of a test|do not go together"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "has no predictions of a test"),
        (dict(label="I32", prediction="I32"), "has no predictions of a test"),
        (dict(label="BF16", prediction="I32", confidence="F32"), OTHER_TYPE),
        (dict(label="F8_E4M3", prediction="I32", confidence="F32"), OTHER_TYPE),
        (dict(label="F32", prediction="I32", confidence="F32"), "do not go together"),
        (dict(label="I32", prediction="I32", confidence="F32"), "do not go together"),
    ],
)
def test_files_of_others_are_refused(tmp_path, columns, message):
    """Of one image each; the last one has a label of -1."""
    head, end = {}, 0
    for name, kind in columns.items():
        size = dict(BF16=2, F8_E4M3=1).get(kind, 4)
        offsets = [end, end + size]
        head[name] = dict(dtype=kind, shape=[1], data_offsets=offsets)
        end += size
    text = json.dumps(head).encode()
    path = tmp_path / "p"
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"\xff" * end)
    with pytest.raises(UserError, match=message):
        read_predictions(path)


def test_labels_without_a_class_are_refused(tmp_path):
    plan = make_plan({"a|": ["b"]}, seeds=[0])
    for row in (A, B):
        (report,) = plan.reports(tmp_path, row).values()
        write_test(report, hits(0), groups=["many"])
    with pytest.raises(UserError, match="not those of the classes of its report"):
        find_differences(plan, tmp_path)


def difference(value, half, run_half):
    over_images, over_runs = (
        (value - width, value + width) for width in (half, run_half)
    )
    return Difference(value, half / 2, over_images, run_half / 2, over_runs)


def test_a_forest_has_a_line_for_each_comparison(tmp_path, monkeypatch):
    drawn, plot = [], Axes.plot

    def spy(axes, x, y, *args, **kwargs):
        drawn.append((x, y, kwargs.get("markerfacecolor")))
        return plot(axes, x, y, *args, **kwargs)

    monkeypatch.setattr(Axes, "plot", spy)
    nan = float("nan")
    found = {
        ("a", "b"): dict(overall=difference(1.0, 0.5, 0.25), few=difference(2, 1, 9)),
        ("b", "c"): dict(overall=difference(-1.0, 0.5, nan)),
    }
    draw_forest(found, "seeds", tmp_path / "forest.png")
    assert ((0.5, 1.5), [0, 0], None) in drawn
    assert ((0.75, 1.25), [0, 0], None) in drawn
    faces = {(x, y): face for x, y, face in drawn if not isinstance(x, tuple)}
    assert faces == {(1.0, 0): "#0072B2", (2, 0): "white", (-1.0, 1): "white"}
    assert min(Image.open(tmp_path / "forest.png").size) > 200


def test_the_forest_is_of_what_is_done(root, tmp_path):
    draw_differences(make_plan({"a|": ["b"]}), root, tmp_path)
    with pytest.raises(FileExistsError, match=r"differences\.png"):
        draw_differences(make_plan({"a|": ["b"]}), root, tmp_path)
    with pytest.raises(FileNotFoundError, match="no comparison has all of its runs"):
        draw_differences(make_plan({"a|": ["gone"]}), root, tmp_path / "new")
