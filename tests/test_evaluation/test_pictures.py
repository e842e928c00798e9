import numpy as np
import pytest
from PIL import Image

from lpt_mm.evaluation.accuracy_picture import draw_accuracy_over_frequency
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
