import pytest
import torch

from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.plain_tensors import (
    DTYPES,
    is_plain,
    plain_tensors,
    value_bytes,
)
from lpt_mm.weights.reading import read_file

PLAIN = {
    "a matrix": torch.arange(6.0).reshape(2, 3),
    "transposed": torch.arange(6.0).reshape(2, 3).T,
    "a part of a larger one": torch.arange(6.0)[2:4],
    "a number": torch.tensor(1),
    "a number, repeated once": torch.zeros(()).expand(1),
    "empty": torch.empty(0, 3),
    "trained": torch.nn.Parameter(torch.ones(2)),
}
ODD = {
    "one number a billion times": torch.zeros(1).expand(2**30),
    "one number more often than torch can count": torch.zeros(1).expand(2**62),
    "overlapping": torch.zeros(3).as_strided((2, 2), (1, 1)),
    "sparse": torch.eye(2).to_sparse(),
    "compressed": torch.eye(2).to_sparse_csr(),
    "without values": torch.empty(2, device="meta"),
    "quantized": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
    "complex": torch.ones(2, dtype=torch.complex64),
    "negated later": torch.view_as_complex(torch.ones(1, 2)).conj().imag,
    "nested": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    "bits": torch.ones(2, dtype=torch.uint8).view(torch.bits8),
}


@pytest.mark.parametrize("name", PLAIN)
def test_tensors_of_a_model_are_plain(name):
    assert is_plain(PLAIN[name])


@pytest.mark.parametrize("dtype", sorted(DTYPES, key=str), ids=str)
def test_all_usual_types_are_plain(dtype):
    assert is_plain(torch.zeros(3, dtype=dtype))


@pytest.mark.parametrize("name", PLAIN)
def test_values_are_hashed_row_by_row(name):
    expected = PLAIN[name].detach().numpy().tobytes()
    assert bytes(value_bytes(PLAIN[name].detach())) == expected


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_array_of_values_is_refused_by_name(name):
    with pytest.raises(WeightFileError, match=r"^x has no plain values of weight$"):
        plain_tensors({"weight": ODD[name]}, "x")


@pytest.mark.parametrize("name", ["\x1b[2J", "a\nb", "a\0", "\ud800", "a" * 2000])
def test_names_that_cannot_be_printed_are_refused(name):
    with pytest.raises(WeightFileError, match="tensor of the name") as error:
        plain_tensors({name: torch.ones(2)}, "x")
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 1000


def test_attributes_of_a_tensor_do_not_come_along(tmp_path):
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.data_ptr = parameter.sum = "not a function"
    torch.save({"head.weight": parameter}, tmp_path / "a.pth")
    (tensor,) = read_file(tmp_path / "a.pth").tensors.values()
    assert type(tensor) is torch.Tensor
    assert not tensor.requires_grad
    assert tensor.sum() == 2
