import json

import pytest
import safetensors.torch
import torch
from mmengine.runner import CheckpointLoader
from torch.testing import assert_close

from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.model_file import (
    digest_tensors,
    load_model,
    read_model,
    write_model,
)
from lpt_mm.weights.reading import read_file

TENSORS = {
    "head.weight": torch.arange(6.0).reshape(2, 3).t(),
    "b": torch.ones(4, dtype=torch.bfloat16),
}
META = dict(cls_num_list=[3, 2], dataset_meta=dict(classes=("ä", "b")), epoch=4)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(write_model(TENSORS, META | dict(cfg="x = 1", seed=0)))
    return path


def test_a_model_is_written_and_read(file):
    tensors, meta = read_model(file)
    assert_close(tensors, TENSORS)
    facts = dict(META, dataset_meta=dict(classes=["ä", "b"]), seed=0)
    assert meta == facts
    weights = read_file(file)
    assert (weights.format, weights.meta) == ("safetensors", facts)
    assert not weights.is_resumable


def test_any_changed_byte_is_found(file):
    content = file.read_bytes()
    changed = []
    for at in range(0, len(content), 7):
        file.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
        try:
            tensors, meta = read_model(file)
        except WeightFileError as error:
            assert str(file) in str(error)
            continue
        changed.append(at)
        assert_close(tensors, TENSORS, rtol=0, atol=0)
        assert meta["cls_num_list"] == META["cls_num_list"]
    # Only the word "format" and what stands for it may be anything.
    assert len(changed) <= 4


def test_files_of_others_have_no_checksum(tmp_path):
    safetensors.torch.save_file({"w": torch.ones(2)}, tmp_path / "a.safetensors")
    tensors, meta = read_model(tmp_path / "a.safetensors")
    assert tensors["w"].tolist() == [1, 1]
    assert meta == {}


def test_facts_without_their_checksum_are_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    facts = {"lpt_mm": json.dumps(META, default=list)}
    safetensors.torch.save_file({"w": torch.ones(2)}, path, facts)
    with pytest.raises(WeightFileError, match="damaged"):
        read_model(path)


def test_facts_that_are_no_plain_objects_are_left_out(file):
    facts = dict(META, backbone=dict(a=object()), seed=None)
    file.write_bytes(write_model(TENSORS, facts))
    assert read_model(file)[1].keys() == META.keys()


def test_mmengine_loads_it(file):
    loaded = CheckpointLoader.load_checkpoint(str(file), "cpu")
    assert_close(loaded["state_dict"], TENSORS)
    assert loaded["meta"]["epoch"] == 4
    assert load_model(str(file), torch.device("meta"))["state_dict"]["b"].is_meta


@pytest.mark.parametrize("facts", ["[" * 10**5, "{", "[]", "3"])
def test_facts_that_are_none_are_refused(tmp_path, facts):
    tensors = {"a": torch.zeros(1)}
    metadata = {"lpt_mm": facts, "sha256": digest_tensors(tensors, facts)}
    safetensors.torch.save_file(tensors, tmp_path / "m", metadata)
    with pytest.raises(WeightFileError, match="truncated or damaged"):
        read_model(tmp_path / "m")


def test_tensors_that_share_their_memory_are_written(file):
    shared = torch.randn(2, 3)
    tensors = {"a": shared, "b": shared, "c": shared.T}
    file.write_bytes(write_model(tensors, META))
    assert_close(read_model(file)[0], tensors)
