import argparse
import os
import pickle

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from lpt_mm.weights import WeightFileError
from lpt_mm.weights.reading import read_file

TENSORS = {"a.weight": torch.arange(6.0).reshape(2, 3), "b": torch.ones(1)}


SPARSE = {"a": torch.eye(2).to_sparse()}
TWICE = {"a": torch.ones(1), "module.a": torch.zeros(1)}


class Code:
    """Runs a command when it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.system, (f"touch {self.file}",)


def check(path):
    weights = read_file(path)
    assert weights.tensors.keys() == TENSORS.keys()
    assert all(torch.equal(weights.tensors[k], v) for k, v in TENSORS.items())
    return weights


@pytest.mark.parametrize("wrapper", [None, "state_dict", "model"])
@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("zipped", [True, False])
def test_wrappers_are_taken_off(tmp_path, wrapper, prefix, zipped):
    tensors = {f"{prefix}{name}": tensor for name, tensor in TENSORS.items()}
    content = {wrapper: tensors, "epoch": 3} if wrapper else tensors
    torch.save(content, tmp_path / "w", _use_new_zipfile_serialization=zipped)
    assert check(tmp_path / "w").format == "torch"


def test_the_format_is_known_by_content_not_by_name(tmp_path):
    save_file(TENSORS, tmp_path / "w.pth")
    assert check(tmp_path / "w.pth").format == "safetensors"
    torch.save(TENSORS, tmp_path / "w.safetensors")
    with pytest.raises(WeightFileError, match="is a file of torch: rename it to .pth"):
        read_file(tmp_path / "w.safetensors")


def test_what_mmengine_and_timm_save_beside_the_tensors_is_passed_over(tmp_path):
    history = HistoryBuffer([1.0, 2.0], [1, 3], max_length=10)
    content = dict(
        state_dict=TENSORS,
        meta=dict(epoch=np.int64(3), experiment_name="x"),
        message_hub=dict(log_scalars={"train/loss": history}, lr=np.float64(0.1)),
        args=argparse.Namespace(batch=1),
        optimizer=dict(buffer=np.arange(3)),
    )
    torch.save(content, tmp_path / "epoch_3.pth")
    unsafe = torch.serialization.get_unsafe_globals_in_checkpoint
    assert len(unsafe(tmp_path / "epoch_3.pth")) > 3
    assert check(tmp_path / "epoch_3.pth").meta["experiment_name"] == "x"


@pytest.mark.parametrize("zipped", [True, False])
def test_no_code_is_run(tmp_path, zipped):
    content = dict(state_dict=TENSORS, extra=Code(tmp_path / "done"))
    file = tmp_path / "w.pth"
    torch.save(content, file, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightFileError, match=r"holds more .*\(posix\.system\)"):
        read_file(file)
    file.write_bytes(pickle.dumps(content))
    with pytest.raises(WeightFileError, match="no code in a file is ever run"):
        read_file(file)
    assert not (tmp_path / "done").exists()


def make_picture(path):
    Image.new("RGB", (8, 8)).save(path, format="PNG")


def make_program(path):
    torch.jit.trace(nn.Linear(2, 2), torch.ones(1, 2)).save(str(path))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.write_bytes(b""), "it is empty"),
        (make_picture, r"it is a picture \(PNG\)"),
        (make_program, "is a TorchScript program"),
        (lambda path: path.write_bytes(b"\n<!DOCTYPE html>"), "it is a web page"),
        (lambda path: path.write_bytes(b"version https://git-lfs"), "git lfs pull"),
        (lambda path: path.write_bytes(b"\0" * 100), "neither of torch nor of safe"),
        (lambda path: torch.save(dict(epoch=1), path), "holds no tensors"),
        (lambda path: torch.save([1], path), "holds no tensors"),
        (lambda path: torch.save({1: torch.ones(1)}, path), "holds no tensors"),
        (lambda path: torch.save(SPARSE, path), "has no plain values of a"),
        (lambda path: torch.save(TWICE, path), r"module\.a are the same tensor"),
        (lambda path: np.savez(path.open("wb"), a=np.ones(1)), "no whole vision tr"),
    ],
)
@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_files_that_hold_no_weights_are_named_with_the_reason(tmp_path, make, reason):
    with pytest.raises(WeightFileError, match="there is no weight file"):
        read_file(tmp_path / "w.pth")
    make(tmp_path / "w.pth")
    with pytest.raises(WeightFileError, match=reason) as error:
        read_file(tmp_path / "w.pth")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_files_give_no_other_errors(tmp_path, zipped):
    file, rng = tmp_path / "w.pth", np.random.default_rng(0)
    torch.save(TENSORS, file, _use_new_zipfile_serialization=zipped)
    whole = np.frombuffer(file.read_bytes(), np.uint8)
    refused = 0
    for _ in range(200):
        damaged = whole.copy()
        damaged[rng.integers(len(whole), size=4)] = rng.integers(256, size=4)
        file.write_bytes(damaged.tobytes())
        try:
            read_file(file)
        except WeightFileError:
            refused += 1
    assert refused > 20


@pytest.mark.parametrize("save", [torch.save, save_file, "old torch"])
@pytest.mark.parametrize("share", [0.2, 0.9])
def test_truncated_files_are_refused(tmp_path, save, share):
    file, tensors = tmp_path / "w", {"a": torch.randn(1000)}
    if save == "old torch":
        torch.save(tensors, file, _use_new_zipfile_serialization=False)
    else:
        save(tensors, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(WeightFileError, match="damaged"):
        read_file(file)


def test_hidden_settings_that_cannot_be_are_not_believed(tmp_path):
    facts = dict(num_heads=4, layer_norm_eps=1e-6, activation="GELU")
    wrong = dict(num_heads=10**600, layer_norm_eps=float("nan"), activation="\x1b[2J")
    for recorded, expected in ((facts, facts), (wrong, {})):
        content = dict(state_dict=dict(a=torch.ones(2)), meta=dict(backbone=recorded))
        torch.save(content, tmp_path / "a.pth")
        assert read_file(tmp_path / "a.pth").hidden_settings == expected
