import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image

from lpt_mm.answers.taxonomy import Taxonomy
from lpt_mm.evaluation.metrics import ShotGroups
from lpt_mm.matching.picture import draw_matching
from lpt_mm.matching.report import MatchingReport
from lpt_mm.utils.pictures import PALETTE


@pytest.mark.parametrize(("classes", "groups"), [(6, 2), (365, 20), (8142, 50)])
def test_classes_are_marked_and_sorted_by_frequency(tmp_path, classes, groups):
    counts = np.linspace(1, 300, classes).astype(int)  # the last class first
    matches = np.zeros((classes, groups), dtype=int)
    matches[:, 0] = 1
    matches[counts > 100] = 0
    matches[counts > 100, 1] = 2
    matches[0] = 0
    names = [f"class ${i}$" for i in range(classes)]
    shots = ShotGroups().assign(counts)
    file = tmp_path / "x.png"
    keys = np.eye(groups)
    facts = (matches, np.array([1]), keys, keys, names, counts)
    report = MatchingReport(*facts, ShotGroups())
    draw_matching(report, file)
    with Image.open(file) as image:
        assert image.size == (1080, 1080)
        pixels = np.asarray(image.convert("RGB")).astype(int)
    rows = [rows_of(pixels, to_rgb(colour)) for colour in PALETTE[:3]]
    sizes = [(shots == name).mean() * 800 for name in ("many", "medium", "few")]
    for found, size in zip(rows, sizes, strict=True):
        assert found.size == pytest.approx(size, abs=25)
    assert rows[0].max() <= rows[1].min() + 1
    assert rows[1].max() <= rows[2].min() + 1
    # The most used group, of the many-shot classes, comes first.
    yellow = (pixels == colormaps["viridis"](1.0, bytes=True)[:3]).all(axis=-1)
    first = np.flatnonzero(yellow[rows[0][len(rows[0]) // 2]])
    second = np.flatnonzero(yellow[rows[1][len(rows[1]) // 2]])
    assert first.min() < second.min()


def test_classes_of_a_name_are_beside_each_other(tmp_path):
    counts, node = [300, 30, 3, 2], np.array([1, 0, 1, -1])
    shares = np.eye(4, dtype=int)  # each class has its own group
    taxonomy = Taxonomy(
        ["class", "realm"], [list("abcd"), ["air", "sea"]], [np.arange(4), node]
    )
    facts = (shares, np.ones(4), np.eye(4), np.eye(4), "abcd", counts, ShotGroups())
    file = tmp_path / "x.png"
    draw_matching(MatchingReport(*facts, taxonomy), file)
    with Image.open(file) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    # From above: d, which has no name; b of the air; a and c of the sea.
    air, sea = (rows_of(pixels, to_rgb(colour)) for colour in PALETTE[:2])
    assert air.max() <= sea.min() + 1
    assert sea.size == pytest.approx(2 * air.size, abs=4)
    yellow = (pixels == colormaps["viridis"](1.0, bytes=True)[:3]).all(axis=-1)
    left = [np.flatnonzero(yellow[y]).min() for y in (air[9], sea[9], sea[-9])]
    assert left[1] < left[0] < left[2]  # columns are a, b, c, d: all as frequent


def rows_of(pixels, colour):
    """Find the rows below the legend that have a colour."""
    found = (pixels == colour).all(axis=-1).any(axis=1)
    return np.flatnonzero(found[40:]) + 40


def to_rgb(colour):
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
