"""What two processes exchange: the gradients of what is trained, nothing else."""

import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.testing import assert_close

from tests.conftest import ROOT
from tests.golden import tiny_lpt
from tests.programs import run_together

STEPS = 2
NUM_TRAINED = {
    1: 4 * 5 * 24 + 24 * 7,  # shared prompts, head
    2: 6 * 2 * 5 * 24 + 6 * 24 + 24 * 7,  # group prompts, keys, head
}


def build_model(phase):
    """Build the same model in each process, in float64 and without any noise."""
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope("mmpretrain"):
        model = MODELS.build(tiny_lpt(phase))
    for loss in (model.head.loss_module, model.head.instance_loss_module):
        loss.cls_num_list = [40, 20, 10, 8, 4, 2, 1]
        loss.noise_mul = 0.0
    return model.double().train()


def batch_of(rank):
    """Make the images of a process."""
    generator = torch.Generator().manual_seed(rank)
    images = torch.randn(4, 3, 16, 16, generator=generator)
    samples = [DataSample().set_gt_label(i + rank) for i in range(4)]
    return dict(inputs=images, data_samples=samples)


def gradients_alone(phase, rank):
    """Compute the gradients that a process would have without the other."""
    model = build_model(phase)
    sum(model.loss(**batch_of(rank)).values()).backward()
    return [p.grad for p in model.parameters() if p.requires_grad]


@pytest.mark.parametrize("phase", [1, 2])
def test_only_gradients_of_what_is_trained_are_exchanged(phase, tmp_path):
    config = ROOT / "configs" / "lpt" / f"phase{phase}_digits_lt.py"
    script = ROOT / "tests" / "test_engine" / "distributed_gradients.py"
    run_together(tmp_path, 2, script, phase, config, tmp_path)
    results = [
        torch.load(tmp_path / f"{rank}.pth", weights_only=True) for rank in (0, 1)
    ]
    alone = [gradients_alone(phase, rank) for rank in (0, 1)]
    assert sum(gradient.numel() for gradient in alone[0]) == NUM_TRAINED[phase]
    for result in results:
        assert sum(result["exchanged"]) == STEPS * NUM_TRAINED[phase]
        assert result["broadcasts"] == 0
        assert not result["find_unused_parameters"]
        mean = [(a + b) / 2 for a, b in zip(*alone, strict=True)]
        assert_close(result["gradients"], mean, rtol=0, atol=1e-12)
    assert (alone[0][0] - alone[1][0]).abs().max() > 1e-6
