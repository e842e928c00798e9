"""Tables, files and pictures take any name of a class, model or path."""

import csv
import io
import json
from contextlib import redirect_stdout
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure
from matplotlib.text import Text

from lpt_mm.cost.report import COSTS, print_costs, print_speeds
from lpt_mm.data_check.class_count_picture import draw_class_counts
from lpt_mm.data_check.findings import ERROR, Finding
from lpt_mm.data_check.report import DataReport, print_data_report
from lpt_mm.data_check.split_scan import SplitScan
from lpt_mm.evaluation.accuracy_picture import draw_accuracy_over_frequency
from lpt_mm.evaluation.metrics import SHOT_GROUPS, ShotGroups
from lpt_mm.evaluation.report import write_class_csv
from lpt_mm.evaluation.shot_confusion_picture import draw_shot_confusion
from lpt_mm.evaluation.tables import print_tables
from lpt_mm.features.comparison import FeatureComparison
from lpt_mm.features.extraction import Features
from lpt_mm.features.projection import PROJECTIONS
from lpt_mm.matching.picture import draw_matching
from lpt_mm.matching.report import MatchingReport
from lpt_mm.preparation import PartState, print_states
from lpt_mm.sweep.curves import draw_curves
from lpt_mm.sweep.forest_picture import draw_forest
from lpt_mm.sweep.paired import Difference
from lpt_mm.sweep.plan import Plan
from lpt_mm.sweep.results import write_results
from lpt_mm.sweep.row import Repeat, Row
from lpt_mm.utils.text import printable
from lpt_mm.weights.description import describe
from lpt_mm.weights.report import print_weights
from lpt_mm.weights.weights import Weights
from tests.conftest import ROOT
from tests.test_utils.test_text import TEXT

NAMES = ("x[/b]", "bill_$5_$10", r"c$\frac$", "\x1b[2J\u202e\u200b", "_", "a|b\n", "\\")
COUNTS = [300, 50]
GROUPS = list(SHOT_GROUPS)
QUALITY = dict(knn=dict(overall=50.0), intra=1.0, inter=1.0, gamma=1.0)
COST = {key: 1 for columns in COSTS.values() for key, *_ in columns.values()}


def any_name(examples):
    """Test the names that matter and some others."""

    def decorate(test):
        for name in NAMES:
            test = example(name)(test)
        found = settings(deadline=None, derandomize=True, max_examples=examples)
        return found(given(TEXT)(test))

    return decorate


def report(name):
    numbers = dict(test_images=1, accuracy=50.0, precision=50.0, f1=50.0)
    classes = [
        dict(name=x, train_images=n, shot_group=g, **numbers)
        for x, n, g in zip((name, "b"), COUNTS, GROUPS[:2], strict=True)
    ]
    confusion = dict(groups=GROUPS, images=[[1] * 3] * 3, correct=[1] * 3)
    return {
        "long_tail/overall": 50.0,
        "classes": classes,
        "shot_confusion": confusion,
    }


def matching(name):
    keys, matches = np.eye(2), np.array([[3, 1], [1, 3]])
    facts = (matches, np.array([8]), keys, keys, [name, "b"], COUNTS)
    return MatchingReport(*facts, ShotGroups())


def print_data(name):
    scans, findings = {"train": SplitScan([0], 2)}, [Finding(ERROR, "x", name)]
    found = DataReport(scans, [name, "b"], ShotGroups(), findings)
    print_data_report(found, name, name)


def print_features(name):
    FeatureComparison(ShotGroups(), 10, {}, {name: QUALITY}).print()


TABLES = dict(
    results=lambda name: print_tables({name: report(name)}, name),
    matching=lambda name: matching(name).print(name),
    data=print_data,
    features=print_features,
    speed=lambda name: print_speeds(
        {
            "config": dict(
                images=1,
                images_per_second=1.0,
                seconds_per_image=1.0,
                seconds_of_all_images=[1.0],
            )
        },
        name,
        name,
    ),
    cost=lambda name: print_costs({name: COST}),
    weights=lambda name: print_weights(
        (weights := Weights({name: torch.ones(1)})), describe(weights), [name]
    ),
    preparation=lambda name: print_states([PartState(name, name, name)], name),
)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.usefixtures("wide")
def test_a_table_shows_any_name(table):
    @any_name(30)
    def check(name):
        with redirect_stdout(io.StringIO()) as out:
            TABLES[table](name)
        lines = out.getvalue().split("\n")
        assert all(line.isprintable() for line in lines)
        # Titles are broken, and preparation keeps the line breaks of its own.
        wanted = "".join(printable(name.replace("\n", "")).split())
        assert wanted in "".join(out.getvalue().split())

    check()


@pytest.fixture
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "2000")


def draw_all_features(name, path):
    points = np.arange(12.0).reshape(6, 2)
    label = np.array([0, 0, 1, 1, 2, 2])
    features = Features(points, label, points, label, [name, "b", "c"])
    comparison = FeatureComparison(ShotGroups(), 10, {name: features}, {name: QUALITY})
    module = "lpt_mm.features.comparison"
    projections = dict.fromkeys(PROJECTIONS, lambda *_: points)
    with (
        patch(f"{module}.PROJECTIONS", projections),
        patch(f"{module}.align", lambda x, _: x),
    ):
        comparison.draw(path)


def draw_all_curves(name, path):
    log = path.parent / "1" / "vis_data" / "scalars.json"
    log.parent.mkdir(parents=True)
    log.write_text(json.dumps(dict(step=1, lr=0.1, loss_cls=1.0)) + "\n")
    draw_curves({name: [path.parent]}, path)


def draw_any_forest(name, path):
    found = dict(overall=Difference(1.0, 0.5, (0.0, 2.0), 0.5, (0.0, 2.0)))
    draw_forest({(name, "b"): found}, "seeds", path)


PICTURES = dict(
    forest=draw_any_forest,
    accuracy=lambda name, path: draw_accuracy_over_frequency(
        {name: report(name)}, path
    ),
    confusion=lambda name, path: draw_shot_confusion({name: report(name)}, path),
    counts=lambda name, path: draw_class_counts(
        COUNTS, [name, "b"], ShotGroups(), path
    ),
    matching=lambda name, path: draw_matching(matching(name), path),
    features=draw_all_features,
    curves=draw_all_curves,
)


@pytest.fixture
def drawn(monkeypatch):
    """Texts of the last picture, which is laid out but not painted."""
    texts = []

    def save(figure, *args, **kwargs):
        figure.draw_without_rendering()
        texts[:] = [text.get_text() for text in figure.findobj(Text)]

    monkeypatch.setattr(Figure, "savefig", save)
    return texts


@pytest.mark.filterwarnings("ignore:Glyph", "ignore:Matplotlib currently does not")
@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_shows_any_name(picture, drawn, tmp_path_factory):
    @any_name(5)
    def check(name):
        PICTURES[picture](name, tmp_path_factory.mktemp("picture") / "p.png")
        wanted = printable(name)[:17].replace("$", r"\$")
        named = [x for x in drawn if wanted in x and "mathdefault" not in x]
        assert named
        assert not any(map(is_math_text, named))
        assert all(line.isprintable() for text in drawn for line in text.split("\n"))

    check()


def test_a_legend_has_any_name(tmp_path, drawn):
    draw_accuracy_over_frequency({"_a": report("x")}, tmp_path / "p.png")
    assert " _a: 50.0 % overall" in drawn


@any_name(10)
def test_files_hold_any_name(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("files")
    write_class_csv(folder / "classes.csv", report(name))
    row = Row(name, str(ROOT / "configs" / "baselines" / "knn_digits_lt.py"))
    results = row.folder(folder, Repeat(0)) / "test.json"
    results.parent.mkdir(parents=True)
    results.write_text(json.dumps(report(name) | dict(shot_groups="")))
    write_results(Plan("mine", [row], [0]), folder, folder)
    for file, column in (("classes.csv", "name"), ("results.csv", "row")):
        with (folder / file).open(newline="", encoding="utf-8") as content:
            assert next(csv.DictReader(content))[column] == printable(name)
    lines = (folder / "table.md").read_text("utf-8").splitlines()
    assert len(lines) == 3
    assert lines[2].endswith("| 50.00 | 1 |")
