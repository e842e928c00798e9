"""Which images are looked at first, by formulas of their own, and what is written."""

import csv

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

from lpt_mm.collection.nearest import MOST, draw_some, nearest_distance
from tests.conftest import ROOT
from tests.test_collection.made_up import COUNTS, write_pack, write_set

TOOL = ROOT / "tools" / "inference" / "review.py"
NAMES = ["a", "b", "c", "d", "=e", "f"]  # the last two are few-shot


@pytest.fixture
def folder(tmp_path):
    """A pack, sets of 40 new, 30 training and 50 validation images, and the files."""
    pack = write_pack(tmp_path / "a.safetensors", balancing=dict(prior_power=0.0))
    meta = pack.weights.meta | dict(dataset_meta=dict(classes=NAMES))
    (tmp_path / "a.safetensors").unlink()
    pack.weights.meta.update(meta)
    pack.save(tmp_path / "a.safetensors")
    rng = np.random.default_rng(0)
    (tmp_path / "new").mkdir()
    paths = [f"new/{'=' * (i == 3)}{i}.png" for i in range(40)]
    paths[4] = "=4.png"
    for path in paths[:30]:
        pixels = rng.integers(256, size=(12, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / path)
    for name, number in (("set", 40), ("train", 30), ("val", 50)):
        arrays = (2 * rng.normal(size=(number, 6)), rng.normal(size=(number, 8)))
        score, feature = (x.astype("float32") for x in arrays)
        label = np.full(number, -1)
        label[0] = 2
        own = paths if name == "set" else None
        write_set(tmp_path / name, pack, score, label, feature, own)
        np.savez(tmp_path / f"{name}.npz", score=score, feature=feature)
    return tmp_path


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def cosine_distances(one, other):
    one, other = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (one, other))
    return 1 - one.astype(float) @ other.T.astype(float)


def softmax(logit):
    power = np.exp(logit - logit.max(axis=1, keepdims=True))
    return power / power.sum(axis=1, keepdims=True)


def places(rows):
    return [int(row["path"].split("/")[-1].strip("'=").split(".")[0]) for row in rows]


def test_rare_classes_come_first_by_their_probability_in_use(folder, run_here):
    said = run_here(TOOL, "a.safetensors", "set", "--out", "a.csv", "--budget", 12)
    score = np.load(folder / "set.npz")["score"].astype(float)
    probability = softmax(score + np.log(COUNTS))  # as frequent as in training
    rare = probability[:, 4:].sum(axis=1)
    order = np.argsort(-rare)[:12]
    rows = rows_of(folder / "a.csv")
    assert places(rows) == order.tolist()
    assert f"{rare[order].sum():.1f} of {rare.sum():.1f} few-shot images exp" in said
    for rank, (i, row) in enumerate(zip(order, rows, strict=True), start=1):
        c = probability[i].argmax()
        assert row["rank"] == str(rank)
        assert row["answer"] == ("'=e" if c == 4 else NAMES[c])
        assert float(row["confidence"]) == pytest.approx(probability[i, c], rel=1e-4)
        assert (
            row["shot_group"] == ["many", "many", "medium", "medium", "few", "few"][c]
        )
        assert row["reason"].startswith(f"few-shot with probability {rare[i]:.2f}, ")
        assert row["correct_class"] == row["distance"] == ""
        assert row["given"] == ("c" if i == 0 else "")
        assert not row["path"].startswith("=")
    run_here(TOOL, "a.safetensors", "set", "--out", "b.csv", "--prior", 0)
    rare = softmax(score)[:, 4:].sum(axis=1)  # as trained here
    assert places(rows_of(folder / "b.csv")) == np.argsort(-rare).tolist()


def test_uncertain_answers_come_first_as_they_are_predicted(folder, run_here):
    command = ("a.safetensors", "set", "--out", "a.csv", "--order", "uncertain")
    run_here(TOOL, *command)
    probability = softmax(np.load(folder / "set.npz")["score"].astype(float))
    order = np.argsort(probability.max(axis=1))
    rows = rows_of(folder / "a.csv")
    assert places(rows) == order.tolist()
    second, first = np.sort(probability[order[0]])[-2:]
    words = rows[0]["reason"].replace(" or ", " ").split()
    assert words[1::2] == [f"{first:.2f}", f"{second:.2f}"]


def test_what_is_unlike_training_comes_first(folder, run_here):
    options = ("--order", "unlike", "--train", "train", "--validation", "val")
    said = run_here(TOOL, "a.safetensors", "set", "--out", "a.csv", *options)
    new, train, val = (
        np.load(folder / f"{name}.npz")["feature"] for name in ("set", "train", "val")
    )
    distance = cosine_distances(new, train).min(axis=1)
    usual = np.quantile(cosine_distances(val, train).min(axis=1), 0.95)
    rows = rows_of(folder / "a.csv")
    assert places(rows) == np.argsort(-distance).tolist()
    assert_allclose(
        [float(row["distance"]) for row in rows], np.sort(distance)[::-1], rtol=1e-4
    )
    number = int((distance > usual).sum())
    assert 0 < number < 40
    assert f"{number} are unlike training, farther than {usual:.3g}" in said
    told = [row["reason"].startswith("unlike training") for row in rows]
    assert told == [True] * number + [False] * (40 - number)


def test_what_is_like_an_image_comes_first(folder, run_here):
    path = folder / "new" / ".." / "new" / "7.png"
    options = ("--order", "alike", "--alike", path)
    run_here(TOOL, "a.safetensors", "set", "--out", "a.csv", *options)
    new = np.load(folder / "set.npz")["feature"]
    distance = cosine_distances(new, new[7:8])[:, 0]
    assert places(rows_of(folder / "a.csv")) == np.argsort(distance).tolist()


def test_sheets_show_the_images_in_pages(folder, run_here):
    options = ("--sheets", "sheets", "--budget", 30)
    run_here(TOOL, "a.safetensors", "set", "--out", "a.csv", *options)
    pages = sorted((folder / "sheets").iterdir())
    assert [page.name for page in pages] == ["page_001.png", "page_002.png"]
    first, second = (Image.open(page).size for page in pages)
    assert first[0] == second[0] > 800
    assert first[1] > 2 * second[1]  # 24 images, 6 images


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--budget", 0), "a budget is from 1 to the 40 images of 'set', got 0"),
        (("--budget", 41), "a budget is from 1 to the 40 images of 'set', got 41"),
        (("--order", "unlike", "--train", "train"), "unlike needs --validation"),
        (("--order", "unlike", "--validation", "val"), "unlike needs --train"),
        (("--order", "alike"), "--order alike needs --alike"),
        (("--alike", "new/1.png"), "--order rare does not take --alike"),
        (("--order", "alike", "--alike", "1.png"), "'1.png' is no image of 'set'"),
        (("--prior", "x.csv"), "No such file"),
        (("--sheets", "new"), "'new' exists and is not overwritten"),
        (("--out", "a.txt"), "call it NAME.csv, got 'a.txt'"),
        (("--out", "new/1.png/a.csv"), "cannot be written"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    folder, run_here, options, message
):
    old = sorted(folder.rglob("*"))
    said = run_here(
        TOOL, "a.safetensors", "set", "--out", "a.csv", *options, fails=True
    )
    assert message in said
    assert "\n" not in said.strip()
    assert sorted(folder.rglob("*")) == old


def test_models_and_sets_that_do_not_do_are_refused(folder, run_here):
    write_pack(folder / "b.safetensors", balancing=dict(prior_power=0.0), width=7)
    said = run_here(TOOL, "b.safetensors", "set", "--out", "a.csv", fails=True)
    assert "'set' was computed with another model" in said
    facts = dict(balancing=dict(prior_power=0.0))
    pack = write_pack(folder / "c.safetensors", counts=[99] * 6, **facts)
    write_set(folder / "c", pack, np.zeros((3, 6)), [0, 1, 2])
    said = run_here(TOOL, "c.safetensors", "c", "--out", "a.csv", fails=True)
    assert "no class of 'c.safetensors' is few-shot" in said
    options = ("--order", "uncertain", "--sheets", "d")
    said = run_here(TOOL, "c.safetensors", "c", "--out", "a.csv", *options, fails=True)
    assert "none of the images of 'c' is a file" in said
    assert not (folder / "a.csv").exists()


def test_distances_are_those_of_the_nearest_in_blocks():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 1500, 5)).astype("float32")
    expected = cosine_distances(one, other).min(axis=1)
    assert_allclose(nearest_distance(one, other), expected, atol=1e-6)
    assert nearest_distance(one, one).max() < 1e-6
    drawn = draw_some(np.arange(2 * MOST)[:, None])
    assert len(drawn) == MOST
    assert (np.diff(drawn[:, 0]) > 0).all()
