import pytest
import torch
from mmpretrain.registry import OPTIM_WRAPPERS
from torch import nn

from lpt_mm.engine.optimizers.bfloat16_optim_wrapper import bfloat16_type


@pytest.mark.parametrize("kind", ["BFloat16OptimWrapper", "BFloat16GNMOptimWrapper"])
def test_computes_in_bfloat16_and_keeps_float32_weights(kind):
    model = nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    wrapper = OPTIM_WRAPPERS.build(dict(type=kind, optimizer=optimizer))
    before = model.weight.clone()
    with wrapper.optim_context(model):
        out = model(torch.randn(4, 3))
        is_noisy = not torch.equal(model.weight, before)
    assert out.dtype == torch.bfloat16
    assert is_noisy == ("GNM" in kind)
    wrapper.update_params(out.float().sum())
    assert model.weight.dtype == torch.float32
    assert not torch.equal(model.weight, before)


def test_each_wrapper_has_one_in_bfloat16():
    for kind in ("OptimWrapper", "GNMOptimWrapper"):
        found = bfloat16_type(dict(type=kind))
        assert found == f"BFloat16{kind}" == bfloat16_type(dict(type=found))
    assert bfloat16_type(dict(lr=1)) == "BFloat16OptimWrapper"
    with pytest.raises(ValueError, match="not of AmpOptimWrapper"):
        bfloat16_type(dict(type="AmpOptimWrapper"))
