import numpy as np
import pytest
from PIL import Image

from lpt_mm.data_check.class_count_picture import draw_class_counts
from lpt_mm.evaluation.metrics import ShotGroups
from lpt_mm.utils.pictures import PALETTE


@pytest.mark.parametrize("classes", [10, 8142])
def test_bars_have_the_colours_of_their_groups(tmp_path, classes):
    counts = np.linspace(1, 300, classes).astype(int)
    file = tmp_path / "new" / "x.png"
    names = [f"class ${i}" for i in range(classes)]
    draw_class_counts(counts, names, ShotGroups(), file)
    with Image.open(file) as image:
        assert image.size == (1080, 600)
        pixels = np.asarray(image.convert("RGB"))
    bottom = pixels[-65:-60]  # above the axis, where every bar is
    for colour, few in zip(PALETTE[:3], (300, 100, 10), strict=True):
        rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        assert (bottom == rgb).all(axis=-1).any(axis=0).sum() > few
