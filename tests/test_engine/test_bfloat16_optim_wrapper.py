import torch
from mmpretrain.registry import OPTIM_WRAPPERS
from torch import nn


def test_computes_in_bfloat16_and_keeps_float32_weights():
    model = nn.Linear(3, 2)
    wrapper = OPTIM_WRAPPERS.build(
        dict(
            type="BFloat16OptimWrapper",
            optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        )
    )
    before = model.weight.clone()
    with wrapper.optim_context(model):
        out = model(torch.randn(4, 3))
    assert out.dtype == torch.bfloat16
    wrapper.update_params(out.float().sum())
    assert model.weight.dtype == torch.float32
    assert not torch.equal(model.weight, before)
