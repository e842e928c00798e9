"""Features and scores of a set, computed once, are those of the model."""

import json
import os
import shutil

import numpy as np
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from pyarrow import parquet
from safetensors.numpy import load_file, save_file

from lpt_mm.collection import EmbeddedSet
from lpt_mm.collection.array_file import ArrayFile
from lpt_mm.collection.fingerprint import model_fingerprint
from lpt_mm.inference import Predictor
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import new_folder
from lpt_mm.weights.pack import read_pack
from tests.conftest import ROOT
from tests.test_collection.made_up import write_pack, write_set
from tests.test_inference.conftest import SHADES, shades  # noqa: F401 (a fixture)

EMBED = ROOT / "tools" / "inference" / "embed.py"
PUBLISH = ROOT / "tools" / "model_converters" / "publish_model.py"


@pytest.fixture
def pack(shades, run_here, tmp_path):  # noqa: F811
    run_here(PUBLISH, shades.config, shades.checkpoint, "a.safetensors")
    return read_pack(tmp_path / "a.safetensors")


def test_a_split_of_other_classes_is_refused(shades, pack, run_here, tmp_path):  # noqa: F811
    text = f"_base_ = {str(shades.config)!r}\ntest_dataloader = dict(dataset=dict("

    def embed(names, **how):
        (tmp_path / "other.py").write_text(f"{text}metainfo=dict(classes={names})))\n")
        return run_here(
            *(EMBED, "a.safetensors", "--config", "other.py", "--split", "test"),
            *("--out", "split", "--backbone", shades.backbone),
            **how,
        )

    out = embed(pack.class_names[::-1], fails=True)
    assert "other classes than the model: the same, in another order" in out
    assert "than the model: more" in embed([*pack.class_names, "more"], fails=True)
    assert not (tmp_path / "split").exists()
    embed(pack.class_names[:-1])  # as a list without an image of the last class has it
    assert (tmp_path / "split").exists()


def test_rows_in_any_parts_are_a_file_of_safetensors(tmp_path):
    rows = np.random.default_rng(0).normal(size=(7, 3)).astype("float32")
    file = ArrayFile(tmp_path / "a", "x", 3)
    for part in np.split(rows, [0, 2, 6]):
        file.add(part)
    file.close(dict(a="b"))
    assert_array_equal(load_file(tmp_path / "a")["x"], rows)


def test_a_split_by_checkpoint_and_a_folder_by_pack_are_what_the_model_says(
    shades,  # noqa: F811
    pack,
    run_here,
    tmp_path,
):
    model = (shades.config, shades.checkpoint)
    run_here(EMBED, *model, "--split", "test", "--out", "split")
    folder = tmp_path / "photos"
    shutil.copytree(shades.folder / "train", folder)
    (folder / "bad.jpg").write_bytes(b"no image")
    Image.open(shades.paths[0]).save(folder / "unknown.png")
    said = run_here(
        *(EMBED, "a.safetensors", "photos", "--out", "folder", "--batch-size", 4),
        *("--backbone", shades.backbone, "--labels-from-folders"),
    )
    assert "14 images, 1 more unreadable: folder" in said
    split, found = (EmbeddedSet.read(tmp_path / x, pack) for x in ("split", "folder"))
    predictor = Predictor.from_config(*model)
    assert split.path == [str(x) for x in shades.paths]
    assert_array_equal(split.label, [0] * 7 + [1] * 4 + [2] * 2)
    assert_allclose(split.feature, predictor.embed(shades.paths), rtol=1e-4, atol=1e-6)
    order = [found.path.index(f"photos/{x.parent.name}/{x.name}") for x in shades.paths]
    again = found.take(order)
    assert_array_equal(again.label, split.label)
    assert_allclose(again.feature, split.feature, rtol=1e-4, atol=1e-6)
    assert_allclose(again.score, split.score, rtol=1e-4, atol=1e-5)
    assert len(found.labelled) == 13  # unknown.png is of no class
    rows = parquet.read_table(tmp_path / "split" / "images.parquet").to_pylist()
    for row, expected in zip(rows, predictor(shades.paths), strict=True):
        assert row["predicted"] == expected.label
        assert row["name"] == SHADES[expected.label]
        assert row["score"] == pytest.approx(expected.score, rel=1e-4)
    probability = np.exp(split.score) / np.exp(split.score).sum(axis=1, keepdims=True)
    assert_allclose(probability.max(axis=1), [x["score"] for x in rows], rtol=1e-4)


def test_a_set_of_another_model_or_of_changed_images_is_refused(
    shades,  # noqa: F811
    pack,
    run_here,
    tmp_path,
):
    image = tmp_path / "a.png"
    Image.open(shades.paths[0]).save(image)
    run_here(EMBED, "a.safetensors", image, "--out", "b", "--backbone", shades.backbone)
    pack.weights.tensors["head.weight"] += 1e-6
    with pytest.raises(UserError, match="computed with another model than"):
        EmbeddedSet.read(tmp_path / "b", pack)
    pack = read_pack(tmp_path / "a.safetensors")
    with pytest.raises(UserError, match="has no labels"):
        EmbeddedSet.read(tmp_path / "b", pack).labelled  # noqa: B018
    os.utime(image, ns=(1, 1))
    with pytest.raises(UserError, match=r"is stale, .*a.png' has changed since"):
        EmbeddedSet.read(tmp_path / "b", pack)
    image.unlink()  # what it was is known
    assert len(EmbeddedSet.read(tmp_path / "b", pack)) == 1


@pytest.mark.parametrize("name", ["score.safetensors", "images.parquet"])
def test_a_damaged_set_is_refused(tmp_path, name):
    pack = write_pack(tmp_path / "a.safetensors")
    score = np.zeros((4, pack.num_classes))
    folder = write_set(tmp_path / "set", pack, score, label=[0, 1, -1, 2])
    assert len(EmbeddedSet.read(folder, pack)) == 4
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-9])
    with pytest.raises(UserError, match="is damaged"):
        EmbeddedSet.read(folder, pack)
    with pytest.raises(UserError, match="is no folder of tools/inference/embed.py"):
        EmbeddedSet.read(tmp_path, pack)


@pytest.mark.parametrize(
    ("number", "columns"),
    [
        (4, dict(label=["x"] * 4)),
        (4, dict(label=[0, 1, 2, 6])),
        (4, dict(label=[0, 1, 2, -2])),
        (4, dict(path=["a", None, "b", "c"])),
        (4, dict(size=[1.5] * 4)),
        (4, dict(mtime_ns=None)),
        (5, {}),
    ],
)
def test_a_table_that_embed_does_not_write_is_refused(tmp_path, number, columns):
    pack = write_pack(tmp_path / "a.safetensors")
    folder = write_set(tmp_path / "set", pack, np.zeros((4, 6)), label=[0, 1, -1, 2])
    empty = dict(path=[*"abcd"], label=[0] * 4, size=[None] * 4, mtime_ns=[None] * 4)
    rows = {k: v for k, v in (empty | columns).items() if v is not None}
    rows = {k: v + v[: number - 4] for k, v in rows.items()}
    parquet.write_table(pa.table(rows), folder / "images.parquet")
    with pytest.raises(UserError, match="is damaged"):
        EmbeddedSet.read(folder, pack)


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (np.zeros((4, 7), "f"), "is damaged"),
        (np.full((4, 6), np.nan, "f"), "is damaged"),
        (np.zeros((3, 6), "f"), "is damaged"),
        (np.zeros((4, 6)), "of another version"),
        (np.zeros((4, 6), np.int32), "of another version"),
    ],
)
def test_scores_that_embed_does_not_write_are_refused(tmp_path, score, message):
    pack = write_pack(tmp_path / "a.safetensors")
    folder = write_set(tmp_path / "set", pack, np.zeros((4, 6)), label=[0, 1, -1, 2])
    facts = json.dumps(dict(format=1, model=model_fingerprint(pack)))
    save_file(dict(score=score), folder / "score.safetensors", dict(lpt_mm=facts))
    with pytest.raises(UserError, match=message):
        EmbeddedSet.read(folder, pack)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x.safetensors", "--out", "old"], "'old' exists and is not overwritten"),
        (["x.safetensors", "--split", "val", "--out", "a"], "--split needs the config"),
        (["x.safetensors", "old", "--out", "a"], "there are no images in old"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    run_here, tmp_path, words, message
):
    (tmp_path / "old").mkdir()
    said = run_here(EMBED, *words, fails=True)
    assert message in said.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_folder_is_whole_or_not_there(tmp_path):
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "a") as folder:
        (folder / "x").touch()
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())
    with new_folder(tmp_path / "b" / "a") as folder:
        (folder / "x").touch()
    assert [path.name for path in (tmp_path / "b").rglob("*")] == ["a", "x"]
