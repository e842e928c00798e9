import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from lpt_mm.evaluation.accuracy_picture import draw_accuracy_over_frequency
from lpt_mm.evaluation.reliability_picture import draw_reliability
from lpt_mm.evaluation.shot_confusion_picture import draw_shot_confusion

GROUPS = ["many", "medium", "few"]
REPORT = {
    "long_tail/overall": 80.0,
    "classes": [
        dict(
            name=name,
            train_images=images,
            shot_group=group,
            test_images=0 if accuracy is None else 10,
            accuracy=accuracy,
        )
        for name, images, group, accuracy in zip(
            ("ant", "bee", "cat"), (300, 50, 2), GROUPS, (90.0, None, 40.0), strict=True
        )
    ],
    "shot_confusion": dict(
        groups=GROUPS, images=[[8, 1, 1], [0, 0, 0], [3, 0, 7]], correct=[7, 0, 5]
    ),
}


@pytest.mark.parametrize("draw", [draw_accuracy_over_frequency, draw_shot_confusion])
def test_pictures_are_drawn(tmp_path, draw):
    draw({"a": REPORT, "b": REPORT}, tmp_path / "new" / "p.png")
    pixels = np.asarray(Image.open(tmp_path / "new" / "p.png").convert("RGB"))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50


def test_confusion_of_an_older_report_is_refused(tmp_path):
    old = {key: value for key, value in REPORT.items() if key != "shot_confusion"}
    with pytest.raises(
        ValueError, match=r"'old' has no shot_confusion: test the model"
    ):
        draw_shot_confusion({"new": REPORT, "old": old}, tmp_path / "p.png")
    assert not (tmp_path / "p.png").exists()


def test_long_names_of_classes_do_not_cover_each_other(tmp_path, monkeypatch):
    turned = []

    def set_xticks(axes, ticks, labels=None, **kwargs):
        turned.append(kwargs["rotation"])

    monkeypatch.setattr(Axes, "set_xticks", set_xticks)
    for length in (3, 60):
        classes = [dict(row, name="x" * length) for row in REPORT["classes"] * 2]
        report = dict(REPORT, classes=classes)
        draw_accuracy_over_frequency({"a": report}, tmp_path / f"{length}.png")
    assert turned == [0, 90]


def test_bars_of_reliability_are_shares_that_are_right(tmp_path, monkeypatch):
    drawn = {}
    bar = Axes.bar

    def spy(axes, x, height, **kwargs):
        drawn.update(zip(np.round(x, 4), height, strict=True))
        return bar(axes, x, height, **kwargs)

    monkeypatch.setattr(Axes, "bar", spy)
    confidence = np.array([0.5, 0.52, 0.52, 0.99, 1.0, 1.0])
    correct = np.array([True, True, False, True, True, False])
    draw_reliability(confidence, correct, tmp_path / "p.png")
    right = {centre: height for centre, height in drawn.items() if height}
    assert right == pytest.approx({0.5: 2 / 3, round(29 / 30, 4): 2 / 3})
    assert len(drawn) == 15
    with Image.open(tmp_path / "p.png") as image:
        assert image.size == (720, 780)


def test_lines_of_many_classes_are_means_of_neighbours(tmp_path, monkeypatch):
    lines = []
    plot = Axes.plot

    def spy(axes, values, **kwargs):
        lines.append(values)
        return plot(axes, values, **kwargs)

    monkeypatch.setattr(Axes, "plot", spy)
    row = REPORT["classes"][0]
    accuracy = [None, *np.random.default_rng(0).uniform(0, 100, size=59)]
    classes = [dict(row, accuracy=value) for value in accuracy]
    draw_accuracy_over_frequency(
        {"a": dict(REPORT, classes=classes)}, tmp_path / "p.png"
    )
    (line,) = lines
    around = [accuracy[max(0, i - 3) : i + 4] for i in range(60)]  # 60 // 10, made odd
    means = [np.mean([x for x in own if x is not None]) for own in around]
    np.testing.assert_allclose(line, means)
