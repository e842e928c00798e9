"""Tables of predictions: of any source of images, interrupted or not, by any number."""

import csv
import json
import os
import tarfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from lpt_mm.answers.answer_sets import AnswerSets
from lpt_mm.inference import Prediction, Predictor, publish
from lpt_mm.inference.images import name_of
from lpt_mm.inference.prediction_log import PredictionLog
from lpt_mm.inference.prediction_table import FURTHER, write_table
from lpt_mm.inference.sources import ImageSources
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.pack import read_pack
from tests.conftest import ROOT
from tests.programs import run_together

PREDICT = ROOT / "tools" / "predict.py"


def read_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def command(shades, run_here, tmp_path):
    """Predict the images of three shades, a batch of 4 at a time."""

    def predict(*options, images=(shades.folder / "train",), fails=False):
        model = (shades.config, shades.checkpoint)
        return run_here(
            *(PREDICT, *model, *images, "--batch-size", 4, *options), fails=fails
        )

    return predict


def test_a_folder_becomes_a_table_of_what_the_predictor_says(shades, command, tmp_path):
    out = command("--out", "a.csv", "--top", 2)
    assert "13 images, 0 of them unreadable: a.csv" in out
    rows = read_rows(tmp_path / "a.csv")
    paths = sorted(map(str, shades.paths))
    assert [row["path"] for row in rows] == paths
    predictor = Predictor.from_config(shades.config, shades.checkpoint)
    for row, expected in zip(rows, predictor(paths, batch_size=4), strict=True):
        assert (row["name"], row["name_2"]) == expected.names[:2]
        assert int(row["label"]) == expected.label
        assert float(row["score_2"]) == pytest.approx(expected.scores[1], rel=1e-5)
        assert (row["shot_group"], row["error"]) == (expected.shot_group, "")
    assert "name_3" not in rows[0]
    assert not list(tmp_path.glob("*.part*"))


class Stop:
    """Interrupt a run after some images."""

    def __init__(self, monkeypatch, after):
        stream = Predictor.stream

        def stopped(*args):
            for i, prediction in enumerate(stream(*args)):
                if i == after:
                    raise KeyboardInterrupt
                yield prediction

        monkeypatch.setattr(Predictor, "stream", stopped)


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_an_interrupted_run_goes_on_to_the_same_table(
    command, tmp_path, monkeypatch, ending
):
    command("--out", f"whole.{ending}")
    with monkeypatch.context() as patch:
        Stop(patch, after=6)
        out = command("--out", f"a.{ending}", fails=True)
    assert "stopped after 6 images; go on with --resume" in out
    part = tmp_path / f"a.{ending}.part"
    with part.open("a") as file:
        file.write('{"labels": [1')  # a line that was not finished
    assert "go on with --resume" in command("--out", f"a.{ending}", fails=True)
    command("--out", f"a.{ending}", "--resume")
    whole, resumed = (tmp_path / f"{name}.{ending}" for name in ("whole", "a"))
    assert resumed.read_bytes() == whole.read_bytes()
    assert not part.exists()


def test_a_run_goes_on_with_the_same_model_images_and_options(
    shades, command, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        Stop(patch, after=6)
        command("--out", "a.csv", fails=True)
    kept = (tmp_path / "a.csv.part").read_bytes()
    out = command("--out", "a.csv", "--resume", "--top", 1, fails=True)
    assert "'a.csv.part' is of another model or other options" in out
    out = command(
        *("--out", "a.csv", "--resume"), images=shades.paths[::-1], fails=True
    )
    assert "'a.csv.part' is of other images" in out
    assert kept.startswith((tmp_path / "a.csv.part").read_bytes())
    assert (tmp_path / "a.csv.part").read_text().count("\n") == 1 + 4


def test_an_unreadable_image_is_a_row_or_the_end(shades, command, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "bad.jpg").write_bytes(b"no image")
    Image.open(shades.paths[0]).save(tmp_path / "images" / "good.jpg")
    out = command("--out", "a.csv", images=["images"])
    assert "2 images, 1 of them unreadable" in out
    bad, good = read_rows(tmp_path / "a.csv")
    assert (bad["name"], bad["score"], good["error"]) == ("", "", "")
    assert bad["error"].startswith("cannot read the image 'images/bad.jpg'")
    out = command("--out", "b.csv", "--strict", images=["images"], fails=True)
    assert "cannot read the image 'images/bad.jpg'" in out
    assert not (tmp_path / "b.csv").exists()


def test_two_processes_make_the_table_of_one(shades, command, tmp_path):
    images = [*shades.paths, tmp_path / "bad.jpg"]
    images[-1].write_bytes(b"no image")
    options = ("--batch-size", 4, "--out")
    command("--out", "one.csv", images=images)
    model = (PREDICT, shades.config, shades.checkpoint)
    run_together(tmp_path, 2, *model, *images, *options, "two.csv")
    one, two = ((tmp_path / name).read_text() for name in ("one.csv", "two.csv"))
    assert one == two
    assert not list(tmp_path.glob("*.part*"))


def test_contact_sheets_are_of_each_class_and_of_the_least_certain(
    shades, command, tmp_path
):
    command("--out", "a.csv", "--pictures", "sheets")
    found = {int(row["label"]) for row in read_rows(tmp_path / "a.csv")}
    sheets = {path.name for path in (tmp_path / "sheets").iterdir()}
    names = ("dark", "grey", "light")
    expected = {f"{label:04d}_{names[label]}.png" for label in found}
    assert sheets == expected | {"least_certain.png"}
    for path in (tmp_path / "sheets").iterdir():
        assert min(Image.open(path).size) > 100


@pytest.mark.parametrize(
    ("options", "images", "message"),
    [
        (["--out", "a.xls"], ["images"], "--out ends with .csv or .json"),
        (["--out", "old.csv"], ["images"], "'old.csv' exists and is not overwritten"),
        (["--out", "a.csv"], ["empty"], "there are no images in empty"),
        (["--out", "a.csv"], ["gone"], "there is no image, folder or list 'gone'"),
        (["--out", "a.csv"], ["http://a.invalid/b.jpg"], "is a URL, and only files"),
        (
            ["--out", "a.csv"],
            ["bad.tar"],
            "'bad.tar' is damaged, cut short, or",
        ),
        (["--out", "a.csv"], [], "name the images after the model"),
    ],
)
def test_bad_input_is_one_line_before_any_work(
    command, tmp_path, options, images, message
):
    for folder in ("images", "empty"):
        (tmp_path / folder).mkdir()
    Image.new("RGB", (20, 20)).save(tmp_path / "images" / "a.png")
    (tmp_path / "old.csv").write_text("mine")
    (tmp_path / "bad.tar").write_text("no archive, of any length" * 100)
    out = command(*options, images=images, fails=True)
    assert message in out.splitlines()[-1]
    assert (tmp_path / "old.csv").read_text() == "mine"
    assert not list(tmp_path.glob("a.*"))


def names(*sources):
    images = ImageSources(sources)
    found = list(map(name_of, images))
    assert images.count() == len(found)
    return found


def test_sources_are_files_folders_patterns_lists_and_archives(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b/2.jpg", "b/10.JPG", "b/.hidden.jpg", "b/notes.md", "a[1].png"):
        Path(name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (9, 9)).save(name, format="PNG")
    Path("b/c").mkdir()
    Path("b/list.txt").write_text("2.jpg\n\n../a[1].png\n")
    with tarfile.open("b/c/shard.tar", "w") as archive:
        archive.add("b/2.jpg", "0/x.jpg")
        archive.add("b/notes.md", "0/x.json")
    archived = "b/c/shard.tar/0/x.jpg"
    assert names("b") == ["b/10.JPG", "b/2.jpg", archived]
    assert names("b/c/shard.tar", "b/2.jpg") == [archived, "b/2.jpg"]
    assert names("b/*.[jJ]*", "a[1].png") == ["b/10.JPG", "b/2.jpg", "a[1].png"]
    assert names("b/list.txt") == ["b/2.jpg", "b/../a[1].png"]
    (encoded,) = ImageSources(["b/c/shard.tar"])
    assert encoded.content == Path("b/2.jpg").read_bytes()


def test_the_endings_give_the_same_table(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    predictions = [
        Prediction((1, 0), (0.75, 0.25), ("cat", '=cmd|"/C"!A1'), "few", "a.jpg"),
        Prediction(path="b\udcff.jpg", error="cannot\tread it"),
    ]
    for ending in ("csv", "json", "parquet"):
        write_table(tmp_path / f"a.{ending}", predictions, top=2)
    lines = [json.loads(x) for x in (tmp_path / "a.json").read_text().splitlines()]
    assert lines == parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert lines[0]["name_2"] == '=cmd|"/C"!A1'
    assert lines[1]["path"] == "b\\udcff.jpg"
    assert lines[1]["score"] is None
    first, second = read_rows(tmp_path / "a.csv")
    assert first["name_2"] == "'" + '=cmd|"/C"!A1'  # no formula
    assert (float(first["score"]), int(first["label"])) == (0.75, 1)
    assert (second["error"], second["score"]) == ("cannot\\tread it", "")


def test_further_columns_have_digits_of_float32_and_no_formulas(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    certain = float(np.float32(0.9))  # 0.8999999761581421
    further = dict(answer="+oak", level="-", certainty=certain)
    prediction = Prediction((0,), (certain,), ("@a",), answer_set=("=1+1",), **further)
    for ending in ("csv", "json", "parquet"):
        out = tmp_path / f"a.{ending}"
        write_table(out, [prediction, Prediction(error="x")], 1, further=FURTHER)
    row, none = map(json.loads, (tmp_path / "a.json").read_text().splitlines())
    assert [row, none] == parquet.read_table(tmp_path / "a.parquet").to_pylist()
    expected = dict(set="=1+1", set_size=1, answer="+oak", level="-", certainty=0.9)
    assert {name: row[name] for name in FURTHER} == expected
    assert {none[name] for name in FURTHER} == {None}
    first, second = read_rows(tmp_path / "a.csv")
    assert [first[x] for x in FURTHER] == ["'=1+1", "1", "'+oak", "'-", "0.9"]
    assert {second[x] for x in FURTHER} == {""}


def test_a_table_that_exists_stays(tmp_path):
    (tmp_path / "a.csv").write_text("mine")
    with pytest.raises(FileExistsError, match="is not overwritten"):
        write_table(tmp_path / "a.csv", [], top=1)
    with pytest.raises(UserError, match="is a URL"):
        ImageSources(["s3://bucket/a.jpg"])
    assert (tmp_path / "a.csv").read_text() == "mine"


def archive_of(path, number):
    """Write an archive of images, of 1,024 bytes each with the header."""
    with tarfile.open(path, "w") as archive:
        for i in range(number):
            member = tarfile.TarInfo(f"{i}.jpg")
            member.size = 3
            archive.addfile(member, BytesIO(b"abc"))
    return path.read_bytes()


@pytest.mark.parametrize(
    "damage",
    [
        lambda x: x[:2048] + b"?" + x[2049:],  # in the third header
        lambda x: x[:2148],  # cut in it
        lambda x: x[:1026],  # cut in the second image
        lambda x: x[:4096],  # cut before the end is marked
        lambda x: x[:1148] + b"\xff" * 12 + x[1160:],  # a size below 0
    ],
)
def test_no_image_of_a_damaged_archive_is_left_out_in_silence(tmp_path, damage):
    path = tmp_path / "a.tar"
    whole = archive_of(path, 4)
    assert ImageSources([path]).count() == 4
    path.write_bytes(damage(whole))
    with pytest.raises(UserError, match="a.tar' is damaged, cut short"):
        list(ImageSources([path]))


def test_an_archive_cannot_fill_the_memory(tmp_path):
    with tarfile.open(tmp_path / "a.TAR", "w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("a.jpg")
        member.pax_headers = {
            "GNU.sparse.major": "0",
            "GNU.sparse.minor": "1",
            "GNU.sparse.map": "0,0",
            "GNU.sparse.size": str(2**29),
        }
        archive.addfile(member)
    (image,) = ImageSources([tmp_path])
    assert image.content == b""
    os.mkfifo(tmp_path / "b.tar")
    with pytest.raises(UserError, match="b.tar' is no regular file"):
        ImageSources([tmp_path / "b.tar"]).count()


def test_images_that_are_gone_when_a_run_goes_on_are_told(
    shades, command, tmp_path, monkeypatch
):
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(map(str, shades.paths)))
    with monkeypatch.context() as patch:
        Stop(patch, after=9)
        command("--out", "a.csv", images=[listed], fails=True)
    listed.write_text("\n".join(map(str, shades.paths[:3])))
    out = command("--out", "a.csv", "--resume", images=[listed], fails=True)
    assert "'a.csv.part' is of other images than there are now" in out
    assert not (tmp_path / "a.csv").exists()


def test_parts_of_another_number_of_processes_are_not_passed_over(command, tmp_path):
    (tmp_path / "a.csv.part0of2").write_text("{}")
    out = command("--out", "a.csv", "--resume", fails=True)
    assert "'a.csv.part0of2' is of a run with another number of processes" in out


def test_two_runs_do_not_write_one_table(tmp_path):
    facts = dict(model="a")
    with PredictionLog(tmp_path / "a.part", facts, 4, resume=False):
        other = PredictionLog(tmp_path / "a.part", facts, 4, resume=True)
        with pytest.raises(UserError, match="another run is writing"), other:
            pass
    with other:
        assert other.done == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.part"]


def test_a_prior_shifts_the_scores_and_a_run_goes_on_with_the_same(
    shades, command, tmp_path, monkeypatch
):
    (tmp_path / "q.csv").write_text("class,frequency\ndark,1\ngrey,2\nlight,5\n")
    command("--out", "a.csv", "--top", 3)
    command("--out", "b.csv", "--top", 3, "--prior", "q.csv")

    def by_name(row):
        ends = ("", "_2", "_3")
        return {row[f"name{end}"]: float(row[f"score{end}"]) for end in ends}

    tables = (read_rows(tmp_path / name) for name in ("a.csv", "b.csv"))
    for before, after in zip(*tables, strict=True):
        # Trained with balanced sampling: there is nothing to take off.
        factor = dict(dark=1, grey=2, light=5)
        shifted = {k: v * factor[k] for k, v in by_name(before).items()}
        total = sum(shifted.values())
        expected = {k: pytest.approx(v / total, rel=1e-3) for k, v in shifted.items()}
        assert by_name(after) == expected
    with monkeypatch.context() as patch:
        Stop(patch, after=6)
        command("--out", "c.csv", "--prior", "1", fails=True)
    out = command("--out", "c.csv", "--prior", "0.5", "--resume", fails=True)
    assert "'c.csv.part' is of another model or other options" in out


def test_sets_and_coarser_answers_are_columns(shades, run_here, tmp_path):
    publish(Config.fromfile(shades.config), shades.checkpoint, tmp_path / "a.st")
    pack = read_pack(tmp_path / "a.st")
    sets = AnswerSets(0.9, "all", [0.9, 0.0, 2.0], 50)
    calibration = sets.add_to(dict(temperature=dict(all=2.0)))
    replace(pack, calibration=calibration).save(tmp_path / "b.st")
    (tmp_path / "t.csv").write_text("shade,kind\ndark,low\ngrey,low\nlight,high\n")
    run_here(
        *(PREDICT, "b.st", *shades.paths, "--backbone", shades.backbone),
        *("--coverage", 0.9, "--taxonomy", "t.csv", "--certainty", 0.5),
        *("--out", "a.csv", "--top", 3),
    )
    predictor = Predictor.from_config(shades.config, shades.checkpoint)
    for row, plain in zip(
        read_rows(tmp_path / "a.csv"), predictor(shades.paths), strict=True
    ):
        p = dict(zip(plain.names, np.sqrt(plain.scores), strict=True))
        total = sum(p.values())
        assert float(row["score"]) == pytest.approx(max(p.values()) / total, rel=1e-4)
        p = {name: value / total for name, value in p.items()}
        # Over the training frequencies 7, 4, 2 of 13, under which they are.
        share = dict(dark=7 / 13, grey=4 / 13, light=2 / 13)
        under = sum(p[name] * share[name] for name in p)
        ratio = {name: p[name] / under for name in p}
        lowest = dict(dark=0.9, grey=0.0, light=2.0)
        expected = {name for name in p if ratio[name] >= lowest[name]}
        assert set(row["set"].split("; ")) == expected
        assert int(row["set_size"]) == len(expected)
        deep = max(p, key=p.get)
        coarse = "low" if p["dark"] + p["grey"] >= 0.5 else "high"
        answer = (deep, "shade") if p[deep] >= 0.5 else (coarse, "kind")
        assert (row["answer"], row["level"]) == answer
