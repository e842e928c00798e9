"""The page about a trained model."""

import re
from base64 import b64decode
from collections import Counter
from hashlib import sha256
from html.parser import HTMLParser
from io import BytesIO
from typing import ClassVar

import numpy as np
import pytest
import torch
from mmpretrain.registry import DATASETS
from mmpretrain.structures import DataSample
from PIL import Image

from lpt_mm.datasets import DigitsLT
from lpt_mm.engine.run_config import load_config
from lpt_mm.evaluation.metrics import LongTailMetric
from lpt_mm.evaluation.report import make_report
from lpt_mm.report_page import write_report_page
from lpt_mm.report_page.content import MOST_CLASSES, class_rows, describe, short
from lpt_mm.report_page.outcome import Outcome
from lpt_mm.report_page.page import config_lines, render
from lpt_mm.report_page.pictures import draw_pictures
from lpt_mm.report_page.thumbnails import LARGEST, Thumbnails
from tests.conftest import ROOT
from tests.test_engine.short_runs import make_runner

TOOL = ROOT / "tools" / "analysis_tools" / "report.py"
PHASE2 = ROOT / "configs" / "lpt" / "phase2_digits_lt.py"
KNN = ROOT / "configs" / "baselines" / "knn_digits_lt.py"
HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    '"><a href="javascript:alert(1)">',
    "</style><style>*{display:none}",
    "{{ 7 * 7 }}{% raw %}",
    "x[/b]",
    r"$\frac$",
    "\x1b[31mred",
    "\u202egnp.exe",
    "<!--",
    "https://example.org/x",
)
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, html):
        super().__init__()
        self.html, self.tags, self.open, self.words = html, [], [], {}
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID and not self.get_starttag_text().endswith("/>"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag != "rect":  # self-closing
            assert self.open.pop() == tag

    def handle_data(self, text):
        self.words[self.open[-1] if self.open else ""] = (
            self.words.get(self.open[-1] if self.open else "", "") + text
        )

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]

    @property
    def shape(self):
        """Every element and its attributes' names, and where they lead."""
        return [
            (tag, sorted(attributes), attributes.get("href"))
            for tag, attributes in self.tags
        ]


class Images:
    """Images of one colour, and the files that they are said to be of."""

    def __init__(self, colours, paths, size=(300, 200)):
        self.colours, self.paths, self.size = colours, paths, size

    def __getitem__(self, index):
        inputs = torch.tensor(self.colours[index], dtype=torch.uint8)
        sample = DataSample()
        if self.paths:
            sample.set_field(self.paths[index], "img_path", field_type="metainfo")
        inputs = inputs[:, None, None].expand(-1, *self.size)
        return dict(inputs=inputs, data_samples=sample)


def make_outcome(names, counts, label, scores):
    """Score images as a test does."""
    metric = LongTailMetric(cls_num_list=counts, bootstrap=10)
    metric.dataset_meta = dict(classes=names)
    samples = []
    for one_label, score in zip(label, scores, strict=True):
        sample = DataSample().set_gt_label(one_label)
        if score is not None:
            sample.set_pred_score(torch.tensor(score))
        sample.set_pred_label(int(np.argmax(score)) if score is not None else 0)
        samples.append(sample.to_dict())
    metric.process([], samples)
    metrics = metric.evaluate(len(samples))
    return Outcome(make_report(metrics, metric), *metric.predictions, None)


def make_page(outcome, thumbnails, **facts):
    known = dict(
        name="a model",
        split="test",
        pictures=draw_pictures(outcome, "a model", None),
        making=dict(date="today"),
        config=["a = 1"],
    )
    return render(**known | facts, **describe(outcome, thumbnails))


def hostile_page(names, paths):
    label = [i % len(names) for i in range(3 * len(names))]
    scores = np.random.default_rng(0).random((len(label), len(names)))
    counts = [300, 50, *[5] * (len(names) - 2)]
    outcome = make_outcome(names, counts, label, scores / scores.sum(1, keepdims=True))
    images = Images([(i, 0, 0) for i in range(len(label))], paths * 3)
    name = names[0]
    facts = dict(name=name, making={"run": name, "date": name}, config=list(names))
    return make_page(outcome, Thumbnails(images, False), **facts)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Train phase 2 for an epoch, from no phase 1."""
    folder = tmp_path_factory.mktemp("run")
    begin = {"phase1_work_dir": None, "model.backbone.frozen_prompts": False}
    runner, _ = make_runner(folder, epochs=1, config="phase2", **begin)
    runner.train()
    return folder / "epoch_1.pth"


def test_a_page_of_phase_2(checkpoint, run_here, tmp_path, monkeypatch):
    read = Counter()
    get = DigitsLT.__getitem__

    def count(dataset, index):
        read[dataset.split, index] += 1
        return get(dataset, index)

    monkeypatch.setattr(DigitsLT, "__getitem__", count)
    crops = ("--cfg-options", "test_cfg.type=EnsembleTestLoop")
    out = run_here(TOOL, PHASE2, checkpoint, "--out", "new/report.html", *crops)
    assert "not averaged over crops as test_cfg says" in out
    html = (tmp_path / "new" / "report.html").read_text(encoding="utf-8")
    page = Page(html)
    titles = page.words["h2"]
    for title in ("Accuracy", "Calibration", "Training", "Matching", "Data"):
        assert title in titles
    assert "no log" not in html
    assert "Losses" in " ".join(image["alt"] for image in page.all("img"))
    overall = re.search(r"phase2_digits_lt │ +([\d.]+)", out)[1]
    shown = map(float, re.findall(r"([\d.]+) %", html))
    assert any(
        abs(value - float(overall)) < 0.06 for value in shown
    )  # of two roundings
    assert "epoch" in page.words["dt"] and "1 of 1" in page.words["dd"]
    # Once through the model, and what is shown again.
    thumbnails = [image for image in page.all("img") if image.get("class") == "tiny"]
    assert {split for split, _ in read} == {"test"}
    assert len(read) == 740
    assert sum(read.values()) == 740 + len(thumbnails)
    assert len(html) < 1_000_000


def test_a_page_needs_no_other_file(checkpoint, run_here, tmp_path):
    run_here(TOOL, PHASE2, checkpoint, "--split", "val", "--out", "report.html")
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert not page.all("link") + page.all("iframe")
    assert all(a["href"].startswith("#") for a in page.all("a"))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert {a["href"][1:] for a in page.all("a")} <= set(ids)
    assert len(ids) == len(set(ids))
    assert "url(" not in page.words["style"] and "@import" not in page.words["style"]
    for image in page.all("img"):
        assert image["alt"]
        head, _, content = image["src"].partition(";base64,")
        with Image.open(BytesIO(b64decode(content))) as picture:
            assert head == f"data:image/{picture.format.lower()}"
    policy = page.all("meta")[1]["content"]
    assert "default-src 'none'; img-src data:;" in policy
    for tag in ("style", "script"):
        digest = sha256(page.words[tag].encode()).digest()
        hashes = re.findall(f"{tag}-src 'sha256-([^']+)'", policy)
        assert [b64decode(h) for h in hashes] == [digest]


def test_a_model_without_training_has_a_page(tmp_path, monkeypatch):
    class Named(DigitsLT):
        METAINFO: ClassVar = dict(classes=HOSTILE)

    monkeypatch.setitem(DATASETS.module_dict, "DigitsLT", Named)
    cfg = load_config(str(KNN), work_dir=str(tmp_path))
    report = write_report_page(cfg, None, str(tmp_path / "knn.html"))
    html = (tmp_path / "knn.html").read_text(encoding="utf-8")
    page = Page(html)
    assert [row["name"] for row in report["classes"]] == list(HOSTILE)
    assert f"{report['long_tail/overall']:.1f} %" in html
    assert "There is no log of a training" in html
    assert "Matching" not in page.words["h2"]
    assert "none: without training" in html
    assert HOSTILE[0] in page.words["th"]


def test_text_of_others_is_never_markup():
    harmless = Page(hostile_page([f"class {i}" for i in range(10)], ["a.png"] * 10))
    page = Page(hostile_page(HOSTILE, HOSTILE))
    assert page.shape == harmless.shape
    for tag in ("style", "script"):
        assert page.words[tag] == harmless.words[tag]
    for name in HOSTILE:
        assert short(name) in page.words["th"]
    assert r"\x1b[31mred" in page.words["th"]
    assert r"\u202egnp.exe" in page.words["th"]
    assert not set("\x1b\u202e") & set(page.html)
    assert page.all("img")[-1]["alt"]


def test_numbers_of_a_page_are_those_of_the_test():
    scores = [[0.9, 0.1, 0], [0.2, 0.8, 0], [0.3, 0.7, 0], [0.4, 0.6, 0], [0, 0.95, 0]]
    outcome = make_outcome("abc", [300, 5, 4], [0, 0, 0, 1, 1], scores)
    assert outcome.confused_pairs() == [[0, 1, 2]]
    assert outcome.wrong.tolist() == [1, 2]  # the most certain one first
    images = Images([(i, i, i) for i in range(5)], [f"{i}.png" for i in range(5)])
    facts = describe(outcome, Thumbnails(images, False))
    assert (facts["right"], facts["total"]) == (3, 5)
    names = [row["name"] for row in facts["accuracies"]]
    assert names == ["overall", "many", "few", "mean class"]  # no class is medium
    assert [row["name"] for row in facts["data"]] == ["all", "many", "few"]
    assert [row["test_images"] for row in facts["data"]] == [5, 3, 2]
    assert [row["accuracy"] for row in facts["accuracies"]] == pytest.approx(
        [60, 100 / 3, 100, (100 / 3 + 100) / 2]
    )
    assert [shown["path"] for shown in facts["worst"]] == ["1.png", "2.png"]
    least = [shown["path"] for shown in facts["least_certain"]]
    assert least == ["3.png", "2.png", "1.png", "0.png", "4.png"]
    (pair,) = facts["pairs"]
    assert (pair["label"], pair["prediction"]) == ("a", "b")
    assert (pair["images"], pair["test_images"]) == (2, 3)
    assert [shown["path"] for shown in pair["right"]] == ["0.png", "4.png"]
    rows = {row["name"]: row for row in facts["classes"]}
    assert (rows["a"]["other"], rows["a"]["images"]) == ("b", 2)
    assert rows["c"]["accuracy"] is None  # it has no test image
    html = make_page(outcome, Thumbnails(images, False))
    assert "60.0 %" in html and "2 of 3 images" in html
    assert "medium" not in Page(html).words["th"]


def test_without_scores_and_errors_there_is_less_to_say():
    outcome = make_outcome("ab", [9, 5], [0, 0], [None, None])
    facts = describe(outcome, Thumbnails(Images([(0, 0, 0)] * 2, []), False))
    assert facts["least_certain"] == facts["worst"] == facts["pairs"] == []
    page = Page(make_page(outcome, Thumbnails(Images([], []), False)))
    assert "Calibration" not in page.words["h2"]
    assert "gives no scores" in page.html
    assert "No test image was taken for another class" in page.html


def test_a_page_does_not_grow_with_the_classes():
    number = MOST_CLASSES + 500
    label = np.repeat(np.arange(number), 2)
    prediction = np.where(np.arange(2 * number) % 4 == 0, (label + 1) % number, label)
    metric = LongTailMetric(cls_num_list=[*range(number, 0, -1)], bootstrap=10)
    metric.dataset_meta = dict(classes=[f"{'<' * 500} {i}" for i in range(number)])
    images = zip(label, prediction, [0.5] * len(label), strict=True)
    metrics = metric.compute_metrics(list(images))
    metrics = {f"long_tail/{key}": value for key, value in metrics.items()}
    report = make_report(metrics, metric)
    outcome = Outcome(report, *metric.predictions, None)
    rows = class_rows(outcome)
    assert len(rows) == MOST_CLASSES
    assert sum(row["accuracy"] < 100 for row in rows) == number / 2
    noise = np.random.default_rng(0).integers(256, size=(3, 300, 300))

    class Noise:
        def __getitem__(self, index):
            inputs = torch.tensor(noise, dtype=torch.uint8)
            return dict(inputs=inputs, data_samples=DataSample())

    html = make_page(outcome, Thumbnails(Noise(), False), config=["<" * 40_000])
    assert len(html.encode()) < 5_000_000
    assert "tools/test.py --csv" in html


def test_what_is_left_out_of_a_long_config_is_said():
    assert config_lines("a = 1\nb = 2") == ["a = 1", "b = 2"]
    lines = config_lines("#" * 39_999 + "\n" + "#" * 1234)
    assert lines == ["#" * 39_999, "… 1,234 more characters are left out"]


@pytest.mark.parametrize("swap", [False, True])
def test_images_are_shown_as_they_look(swap):
    colour = (250, 120, 10)
    images = Images([colour[::-1] if swap else colour], ["a.jpg"])
    shown = Thumbnails(images, swap).make(0)
    assert (shown.width, shown.height, shown.is_tiny) == (85, LARGEST, False)
    assert shown.path == "a.jpg"
    content = b64decode(shown.source.partition("base64,")[2])
    with Image.open(BytesIO(content)) as image:
        pixels = np.asarray(image).reshape(-1, 3)
    np.testing.assert_allclose(pixels, [colour] * len(pixels), atol=4)


def test_small_images_keep_their_pixels():
    image = torch.linspace(-1, 1, 64).reshape(1, 8, 8)  # normalised, of one channel
    sample = dict(inputs=image, data_samples=DataSample())
    shown = Thumbnails([sample], False).make(0)
    assert (shown.width, shown.height, shown.is_tiny, shown.path) == (8, 8, True, None)
    content = b64decode(shown.source.partition("base64,")[2])
    with Image.open(BytesIO(content)) as picture:
        pixels = np.asarray(picture).astype(int)
    expected = (image[0].numpy() + 1) * 127.5
    np.testing.assert_allclose(pixels, expected, atol=1)


def test_what_cannot_be_written_is_said_before_the_test(run_here, tmp_path):
    (tmp_path / "old.html").touch()
    out = run_here(TOOL, KNN, "--out", "old.html", fails=True)
    assert out.startswith("error: 'old.html' exists and is not overwritten")
    out = run_here(TOOL, PHASE2, "gone.pth", "--out", "new.html", fails=True)
    assert out == "error: there is no checkpoint 'gone.pth'"
    option = "test_evaluator.prefix=mine"
    out = run_here(TOOL, KNN, "--out", "x.html", "--cfg-options", option, fails=True)
    assert "set no prefix of LongTailMetric" in out
    assert [path.name for path in tmp_path.glob("*.html")] == ["old.html"]
