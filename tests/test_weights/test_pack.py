"""A pack is a file that says what it is."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from torch.testing import assert_close

from lpt_mm.version import __version__
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.model_file import FORMAT, write_model
from lpt_mm.weights.pack import Pack, read_pack
from lpt_mm.weights.reading import read_file
from lpt_mm.weights.weights import Weights

TENSORS = {"head.weight": torch.arange(6.0).reshape(2, 3)}
META = dict(
    cls_num_list=[3, 2],
    dataset_meta=dict(classes=["ä", "b"]),
    backbone=dict(source="lpt_mm:x"),
    epoch=4,
)
FACTS = dict(
    model=dict(
        type="LPTClassifier",
        backbone=dict(type="PromptedViT", img_size=[8, 8]),
        head=dict(type="CosineHead", num_classes=2),
    ),
    data_preprocessor=dict(type="ClsDataPreprocessor", mean=[1.5]),
    pipeline=[dict(type="PackInputs")],
    convention="oltr",
    thresholds=[20, 100],
    balancing=dict(loss="GCLLoss", instance_loss=None, sampler="DualSampler"),
    report=dict(shot_groups="x", classes=[]),
)


@pytest.fixture
def pack():
    return Pack(Weights(TENSORS, META), **FACTS)


def test_a_pack_is_written_and_read(pack, tmp_path):
    pack.save(tmp_path / "a.safetensors")
    read = read_pack(tmp_path / "a.safetensors")
    assert_close(read.weights.tensors, TENSORS)
    assert read.weights.meta == META
    assert {name: getattr(read, name) for name in FACTS} == FACTS
    assert read.lpt_mm == __version__
    assert (read.num_classes, read.class_names) == (2, ["ä", "b"])
    assert read.cls_num_list == [3, 2]
    assert "a.safetensors" in read.source


def test_what_it_says_is_json_in_its_metadata(pack, tmp_path):
    pack.save(tmp_path / "a.safetensors")
    with safe_open(tmp_path / "a.safetensors", "pt") as file:
        facts = json.loads(file.metadata()["lpt_mm"])
    assert facts["pack"]["format"] == 1
    assert facts["pack"]["model"] == FACTS["model"]


def test_a_pack_is_a_file_of_weights_too(pack, tmp_path):
    pack.save(tmp_path / "a.safetensors")
    weights = read_file(tmp_path / "a.safetensors")
    assert_close(weights.tensors, TENSORS)
    assert weights.meta["cls_num_list"] == [3, 2]


def test_classes_without_names_are_called_by_their_index():
    pack = Pack(Weights(TENSORS, dict(dataset_meta=None)), **FACTS)
    assert pack.class_names == ["0", "1"]
    assert pack.cls_num_list is None


@pytest.mark.parametrize("name", ["x" * 1001, "\ud800", "a\udcffb"])
def test_names_that_no_table_can_hold_are_refused_in_one_line(name):
    meta = dict(dataset_meta=dict(classes=["x" * 1000, name]))
    message = r"^'y' has a class whose name is longer than 1,000 .* UTF-8: [ -~]{,64}$"
    with pytest.raises(WeightFileError, match=message):
        Pack(Weights(TENSORS, meta, source="'y'"), **FACTS)


def write(path, **changes):
    facts = dict(FACTS, format=FORMAT, lpt_mm="0.1") | changes
    facts = {name: fact for name, fact in facts.items() if fact != "gone"}
    path.write_bytes(write_model(TENSORS, META | dict(pack=facts)))
    return path


@pytest.mark.parametrize("number", [0, 2, 1.5, "1", None, [1]])
def test_another_format_is_refused(tmp_path, number):
    path = write(tmp_path / "a.safetensors", format=number)
    for read in (read_pack, read_file):
        with pytest.raises(WeightFileError, match=r"a\.safetensors' is a pack of form"):
            read(path)


def test_another_format_is_named_also_where_its_checksum_is_another(tmp_path):
    path = write(tmp_path / "a.safetensors", format=2)
    content = path.read_bytes()
    at = content.index(b'"sha256":"') + 12
    path.write_bytes(content[:at] + b"0000" + content[at + 4 :])
    with pytest.raises(WeightFileError, match="is a pack of format 2"):
        read_pack(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "gone") for name in FACTS),
        *((name, 3) for name in FACTS),
        ("model", dict(head=dict(num_classes=2))),
        ("model", dict(backbone={}, head=3)),
        ("pipeline", ["PackInputs"]),
        ("pipeline", [dict(x=1)]),
        ("balancing", dict(loss=3)),
        ("balancing", dict(prior_power="x")),
        ("balancing", dict(prior_power=-1)),
        ("calibration", dict(temperature=3)),
        ("calibration", dict(sets=dict(x=3))),
        ("calibration", dict(more=3)),
        ("calibration", dict(temperature=dict(all=0))),
        ("report", dict(classes=[])),
        ("thresholds", [1, 2, 3]),
        ("thresholds", [1, -2]),
    ],
)
def test_what_is_missing_or_malformed_is_named(tmp_path, name, value):
    path = write(tmp_path / "a.safetensors", **{name: value})
    with pytest.raises(WeightFileError, match=f"is a pack without a valid {name}"):
        read_pack(path)


@pytest.mark.parametrize("number", [3, 0, -1, "2", None, 2.5])
def test_another_number_of_classes_is_refused(tmp_path, number):
    model = FACTS["model"] | dict(head=dict(num_classes=number))
    path = write(tmp_path / "a.safetensors", model=model)
    with pytest.raises(WeightFileError, match=r"num_classes|counts of 2 classes"):
        read_pack(path)


def test_a_config_that_would_not_be_read_is_not_written(pack, tmp_path):
    deep = dict(type="x")
    for _ in range(17):
        deep = dict(x=deep)
    with pytest.raises(WeightFileError, match="too deep"):
        replace(pack, model=pack.model | deep).save(tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


def test_other_files_are_no_packs(tmp_path):
    torch.save(dict(state_dict=TENSORS), tmp_path / "a.pth")
    (tmp_path / "a.safetensors").write_bytes(write_model(TENSORS, META))
    for name in ("a.pth", "a.safetensors"):
        with pytest.raises(WeightFileError, match=r"is no pack.*publish_model\.py"):
            read_pack(tmp_path / name)
    with pytest.raises(WeightFileError, match="there is no weight file"):
        read_pack(tmp_path / "gone.safetensors")


def test_any_changed_byte_is_found(pack, tmp_path):
    path = tmp_path / "a.safetensors"
    pack.save(path)
    content = path.read_bytes()
    unseen = []
    for at in range(0, len(content), 5):
        path.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
        try:
            read = read_pack(path)
        except WeightFileError as error:
            assert str(path) in str(error)
            continue
        unseen.append(at)
        assert_close(read.weights.tensors, TENSORS, rtol=0, atol=0)
        assert read.model == FACTS["model"]
    # Only the word "format" and what stands for it may be anything.
    assert len(unseen) <= 4
