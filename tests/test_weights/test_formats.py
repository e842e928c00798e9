"""Small files that would fill the memory."""

import io
import zipfile

import numpy as np
import pytest
import torch

from lpt_mm.weights import WeightFileError
from lpt_mm.weights.reading import read_file

KERNEL = "embedding/kernel"
SMALL_ARRAYS = {
    KERNEL: (1, 1, 1, 10**4),
    "Transformer/posembed_input/pos_embedding": (1, 5, 1),
    "Transformer/encoderblock_0/LayerNorm_0/scale": (1,),
    "Transformer/encoderblock_0/MultiHeadDotProductAttention_1/query/kernel": (1, 1, 1),
    "Transformer/encoderblock_0/MlpBlock_3/Dense_0/kernel": (1, 1),
}


class Zeros:
    """Is pickled as the call of a function of torch's safe list."""

    def __init__(self, kind, size):
        self.call = kind, (size,)

    def __reduce__(self):
        return self.call


def refused(path, message):
    with pytest.raises(WeightFileError, match=message) as error:
        read_file(path)
    assert len(str(error.value).splitlines()) == 1


def write_npz(path, shapes, with_values=True):
    with zipfile.ZipFile(path, "w") as archive:
        for name, shape in shapes.items():
            file = io.BytesIO()
            header = dict(descr="<f4", fortran_order=False, shape=shape)
            np.lib.format.write_array_header_1_0(file, header)
            file.write(bytes(4 * int(np.prod(shape)) if with_values else 0))
            archive.writestr(f"{name}.npy", file.getvalue())


@pytest.mark.parametrize("name", ["x/data.pkl", "x.npy"])
def test_archives_that_unpack_to_much_more_are_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "w", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(2**26 + 1))
    refused(tmp_path / "w", "has [0-9,]+ bytes and says that it holds 67,108,865,")


def test_arrays_without_their_values_are_refused(tmp_path):
    write_npz(tmp_path / "w", {KERNEL: (16, 16, 3, 10**9)}, with_values=False)
    refused(tmp_path / "w", "embedding/kernel.npy has not the size of its shape")


def test_arrays_of_a_huge_model_are_refused(tmp_path):
    write_npz(tmp_path / "w", SMALL_ARRAYS)
    refused(tmp_path / "w", "has 4[0-9],[0-9]+ bytes and says that it holds 1,[0-9,]+")


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (torch.zeros(1).expand(10**12), "no plain values of a"),
        (Zeros(bytearray, 10**13), "holds a bytearray"),
        (torch.ones(1).to_sparse().sparse_resize_((10**12,), 1, 0), "no plain values"),
    ],
)
def test_tensors_that_repeat_a_number_are_refused(tmp_path, content, message, zipped):
    content = dict(a=content, b=torch.ones(1))
    torch.save(content, tmp_path / "w", _use_new_zipfile_serialization=zipped)
    refused(tmp_path / "w", message)


def test_shared_weights_are_read(tmp_path):
    values = torch.randn(2**10)
    names = [str(i) for i in range(100)]  # of one tensor: more bytes than the file
    torch.save(dict.fromkeys(names, values), tmp_path / "w")
    tensors = read_file(tmp_path / "w").tensors
    assert all(torch.equal(tensors[name], values) for name in names)
