"""Several images of one thing, and one answer."""

import csv
import json
import tarfile
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from mmengine.config import Config

from lpt_mm.answers.answer_sets import AnswerSets
from lpt_mm.inference import Predictor, publish
from lpt_mm.weights.pack import read_pack
from tests.conftest import ROOT

TOOL = ROOT / "tools" / "predict.py"
# Of 7 dark, 4 grey and 2 light images; some of a plant are far from each other.
PLANTS = ("ash", "ash", "elm", "ash", "elm", "fir", "fir", *"oooo", "elm", "yew")


@pytest.fixture(scope="module")
def predictor(shades):
    return Predictor.from_config(shades.config, shades.checkpoint)


@pytest.fixture(scope="module")
def expected(shades, predictor):
    """Compute the mean logits of each plant with the model alone."""
    inputs = torch.stack([predictor.prepare(str(path)) for path in shades.paths])
    inputs = predictor.model.data_preprocessor(dict(inputs=inputs))["inputs"]
    with torch.inference_mode():
        logit = predictor.model(inputs, mode="tensor").numpy()
    names = np.array(PLANTS)
    means = {name: logit[names == name].mean(axis=0) for name in set(PLANTS)}
    return {k: np.exp(v) / np.exp(v).sum() for k, v in means.items()}


def test_scores_are_those_of_the_mean_logits(shades, predictor, expected):
    found = list(predictor.observe(map(str, shades.paths), PLANTS, batch_size=4))
    # In the order in which their last images come.
    assert [x.observation for x in found] == ["ash", "fir", "o", "elm", "yew"]
    for prediction in found:
        score = expected[prediction.observation]
        order = np.argsort(-score)
        assert prediction.labels == tuple(order)
        np.testing.assert_allclose(prediction.scores, score[order], rtol=1e-4)
        assert prediction.images == PLANTS.count(prediction.observation)
        assert (prediction.path, prediction.error) == (None, None)
        assert prediction.name == predictor.class_names[order[0]]


def test_only_incomplete_observations_are_held(shades, predictor):
    """An answer comes before the images of the next observation are asked for."""
    asked = []

    def images():
        for i in range(40):
            asked.append(i)
            yield shades.paths[i % 13]

    names = [str(i // 2) for i in range(40)]
    answers = predictor.observe(images(), names, batch_size=2)
    assert next(answers).observation == "0"
    assert len(asked) < 20


def test_an_unreadable_image_leaves_the_answer_to_the_others(predictor, shades):
    alone = predictor(shades.paths[0])[0]
    images = [shades.paths[0], "gone.jpg", "gone_too.jpg"]
    found = list(predictor.observe(images, ["a", "a", "b"]))
    assert found[0].images == 1
    assert found[0].scores == pytest.approx(alone.scores)
    assert found[0].error.startswith("1 of 2 images could not be read: ")
    assert "gone.jpg" in found[0].error
    assert (found[1].labels, found[1].images) == ((), 0)
    assert found[1].error.startswith("1 of 1 images could not be read: ")
    with pytest.raises(ValueError, match="gone.jpg"):
        list(predictor.observe(images, ["a", "a", "b"], strict=True))


@pytest.mark.parametrize(
    ("names", "message"), [("a", "more images than names"), ("aab", "no image for 'b'")]
)
def test_there_are_as_many_names_as_images(predictor, shades, names, message):
    with pytest.raises(ValueError, match=message):
        list(predictor.observe(shades.paths[:2], names))


@pytest.fixture
def command(shades, run_here):
    model = (shades.config, shades.checkpoint, shades.folder / "train")
    return partial(run_here, TOOL, *model)


def read_rows(path):
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".json":
        return list(map(json.loads, path.read_text().splitlines()))
    from pyarrow.parquet import read_table

    return read_table(path).to_pylist()


def write_plants(shades):
    rows = [f"{p},{name}" for p, name in zip(shades.paths, PLANTS, strict=True)]
    (shades.folder / "plants.csv").write_text("path,plant\n" + "\n".join(rows))
    return f"{shades.folder / 'plants.csv'}:plant"


def test_a_row_for_each_observation(shades, command, expected, tmp_path):
    out = command("--group-by", write_plants(shades), "--out", "a.csv", "--top", 2)
    assert "13 images of 5 observations, 0 of them with an error: a.csv" in out
    rows = read_rows(tmp_path / "a.csv")
    assert list(rows[0]) == [
        *("observation", "images", "name", "score", "label", "shot_group", "error"),
        *("name_2", "score_2", "label_2"),
    ]
    assert {row["observation"] for row in rows} == expected.keys()
    for row in rows:
        score = expected[row["observation"]]
        assert int(row["images"]) == PLANTS.count(row["observation"])
        assert float(row["score"]) == pytest.approx(score.max(), rel=1e-4)
        assert int(row["label"]) == score.argmax()
    again = command("--group-by", "1", "--out", "a.csv", fails=True)
    assert "'a.csv' exists and is not overwritten" in again


@pytest.mark.parametrize("ending", ["json", "parquet"])
def test_other_tables_and_archives(shades, run_here, tmp_path, ending):
    with tarfile.open(tmp_path / "shades.tar", "w") as archive:
        archive.add(shades.folder / "train", "train")
    arguments = (shades.config, shades.checkpoint, "shades.tar", "--group-by", "1")
    run_here(TOOL, *arguments, "--out", f"a.{ending}")
    rows = read_rows(tmp_path / f"a.{ending}")
    assert {row["observation"]: row["images"] for row in rows} == dict(
        dark=7, grey=4, light=2
    )


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_all_that_can_be_asked_is_answered_by_observation(
    shades, run_here, expected, tmp_path, ending
):
    publish(Config.fromfile(shades.config), shades.checkpoint, tmp_path / "a.st")
    pack = read_pack(tmp_path / "a.st")
    lowest = dict(dark=0.9, grey=0.0, light=2.0)
    sets = AnswerSets(0.9, "all", list(lowest.values()), 50)
    calibration = sets.add_to(dict(temperature=dict(all=2.0)))
    replace(pack, calibration=calibration).save(tmp_path / "b.st")
    (tmp_path / "t.csv").write_text("shade,kind\ndark,low\ngrey,low\nlight,high\n")
    (tmp_path / "q.csv").write_text("class,frequency\ndark,1\ngrey,2\nlight,5\n")
    run_here(
        *(TOOL, "b.st", shades.folder / "train", "--backbone", shades.backbone),
        *("--group-by", write_plants(shades), "--prior", "q.csv", "--coverage", 0.9),
        *("--taxonomy", "t.csv", "--certainty", 0.5, "--out", f"a.{ending}"),
    )
    rows = read_rows(tmp_path / f"a.{ending}")
    assert len(rows) == 5
    for row in rows:
        even = np.sqrt(expected[row["observation"]])  # of temperature 2
        p = even * (1, 2, 5) / (even * (1, 2, 5)).sum()
        by_name = sorted(zip(p, lowest, strict=True), reverse=True)
        assert row["name"] == by_name[0][1]
        assert float(row["score"]) == pytest.approx(p.max(), rel=1e-3)
        # Over the training frequencies 7, 4, 2 of 13; a prior changes no set.
        ratio = dict(zip(lowest, even / (even * (7, 4, 2)).sum() * 13, strict=True))
        members = [name for _, name in by_name if ratio[name] >= lowest[name]]
        assert row["set"] == "; ".join(members)
        assert int(row["set_size"]) == len(members)
        coarse = [("low", p[0] + p[1]), ("high", p[2])]
        name, certainty = max(coarse, key=lambda x: x[1])
        answer = (name, "kind", certainty)
        if p.max() >= 0.5:
            answer = (by_name[0][1], "shade", p.max())
        assert (row["answer"], row["level"]) == answer[:2]
        assert float(row["certainty"]) == pytest.approx(answer[2], rel=1e-3)


def test_what_cannot_be_is_one_line(command, tmp_path, monkeypatch):
    out = command("--group-by", "(dark)", "--out", "a.csv", fails=True)
    assert "error: 6 of 13 images have no group by '(dark)'" in out
    monkeypatch.setenv("WORLD_SIZE", "2")
    out = command("--group-by", "1", "--out", "a.csv", fails=True)
    assert "error: --group-by needs the images of an observation in one process" in out
    assert not list(tmp_path.glob("a*"))


@pytest.mark.parametrize("option", [("--resume",), ("--pictures", "x")])
def test_what_does_not_go_together_is_refused(command, option, capsys):
    command("--group-by", "1", "--out", "a.csv", *option, fails=True)
