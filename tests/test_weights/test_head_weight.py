import tracemalloc

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.testing import assert_close

from lpt_mm.utils.errors import UserError
from lpt_mm.weights.head_weight import read_head_weight
from lpt_mm.weights.model_file import write_model


@pytest.mark.parametrize("kind", ["safetensors", "npz", "pth"])
def test_all_kinds_of_files_are_read(tmp_path, kind):
    weight, path = torch.randn(4, 3), tmp_path / f"w.{kind}"
    if kind == "safetensors":
        save_file({"weight": weight}, path)
    elif kind == "npz":
        np.savez(path, weight=weight.numpy())
    else:
        torch.save(dict(state_dict=dict(weight=weight.half())), path)
        weight = weight.half().float()
    assert_close(read_head_weight(path, (4, 3)), weight, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (dict(weight=torch.zeros(3, 4)), r"of \(3, 4\) .*4 classes.*3 numbers"),
        (dict(weight=torch.zeros(4)), r"of \(4,\)"),
        (dict(weight=torch.zeros(4, 3, dtype=torch.int64)), "int64"),
        (dict(weight=torch.full((4, 3), torch.nan)), "no finite numbers: weight"),
        (dict(bias=torch.zeros(4)), "has no tensor 'weight'.*only bias"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_line(tmp_path, tensors, message):
    save_file(tensors, tmp_path / "w.safetensors")
    with pytest.raises(UserError, match=message) as error:
        read_head_weight(tmp_path / "w.safetensors", (4, 3))
    assert "\n" not in str(error.value)


def test_damaged_and_missing_files_are_refused(tmp_path):
    with pytest.raises(UserError, match="no weight file"):
        read_head_weight(tmp_path / "gone.npz", (4, 3))
    np.savez(tmp_path / "a.npz", weight=np.array([object()]))  # would run code
    with pytest.raises(UserError, match="damaged"):
        read_head_weight(tmp_path / "a.npz", (1, 1))


def test_a_packed_file_is_unpacked_as_far_as_it_fits(tmp_path):
    large = np.zeros((4000, 3000), np.float32)
    fits, other = tmp_path / "fits.npz", tmp_path / "other.npz"
    np.savez_compressed(fits, weight=np.ones((4, 3), np.float32), more=large)
    np.savez_compressed(other, weight=large)
    tracemalloc.start()
    assert_close(read_head_weight(fits, (4, 3)), torch.ones(4, 3))
    with pytest.raises(UserError, match=r"of \(4000, 3000\) .*head has 4 classes"):
        read_head_weight(other, (4, 3))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < large.nbytes / 4


def test_the_order_of_the_classes_is_compared(tmp_path):
    facts = dict(dataset_meta=dict(classes=["cat", "red fox"]))
    path = tmp_path / "w.safetensors"
    path.write_bytes(write_model({"weight": torch.ones(2, 3)}, facts))
    for names in (("cat", "red fox"), ("Cat", "red_fox"), ("n01", "n02"), None):
        read_head_weight(path, (2, 3), names)
    for names in (("red fox", "cat"), ("Red_fox", "cat")):
        with pytest.raises(UserError, match="another order"):
            read_head_weight(path, (2, 3), names)
