import pytest
import torch
from mmpretrain.registry import MODELS
from torch.testing import assert_close

from lpt_mm.utils.errors import UserError

MODULES = {
    "CosineHead": dict(num_classes=4, in_channels=6),
    "LinearHead": dict(num_classes=4, in_channels=6),
    "GroupPromptNeck": dict(embed_dims=6, num_layers=3, num_shared_layers=1),
}


def build(kind, **kwargs):
    return MODELS.build(dict(type=kind, **MODULES[kind], **kwargs))


@pytest.mark.parametrize("kind", MODULES)
def test_without_a_centre_nothing_is_saved_of_it(kind):
    module, feature = build(kind), torch.randn(3, 6)
    assert "feature_mean" not in module.state_dict()
    assert_close(module.centered(feature), feature, rtol=0, atol=0)


@pytest.mark.parametrize("kind", MODULES)
@pytest.mark.parametrize("training", [True, False])
def test_a_mean_that_nothing_set_is_not_used(kind, training):
    module = build(kind, center=True).train(training)
    with pytest.raises(UserError, match=f"{kind} has center=True.*HeadInitHook"):
        module.centered(torch.randn(3, 6))


@pytest.mark.parametrize("kind", MODULES)
def test_the_mean_goes_with_the_state(kind):
    module, mean, feature = build(kind, center=True), torch.randn(6), torch.randn(3, 6)
    module.set_mean(mean)
    other = torch.nn.ModuleDict(dict(part=build(kind, center=True)))
    state = {f"part.{name}": x for name, x in module.state_dict().items()}
    other.load_state_dict(state)
    assert_close(other["part"].centered(feature), feature - mean, rtol=0, atol=0)
    with pytest.raises(RuntimeError, match="feature_mean"):
        build(kind, center=True).load_state_dict(build(kind).state_dict())
