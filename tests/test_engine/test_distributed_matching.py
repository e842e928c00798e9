"""Two processes match as one."""

import torch
from mmpretrain.structures import DataSample
from torch.nn import functional as F
from torch.testing import assert_close

from tests.conftest import ROOT
from tests.programs import run_together
from tests.test_engine.test_distributed_gradients import STEPS, batch_of, build_model


def images():
    """Make an odd number of images, which do not come out even."""
    generator = torch.Generator().manual_seed(7)
    tensors = torch.randn(7, 3, 16, 16, generator=generator, dtype=torch.float64)
    return [
        dict(inputs=image, data_samples=DataSample().set_gt_label(i))
        for i, image in enumerate(tensors)
    ]


def chosen_alone(rank):
    """Sum what a process chooses together."""
    model = build_model(phase=2)
    with torch.no_grad():
        query = model.extract_feat(batch_of(rank)["inputs"].double(), "backbone")[0]
    share = torch.zeros(len(query), 6).scatter_(1, model.neck.match(query)[1], 0.5)
    return STEPS * (share.T @ share).double()


def test_matches_of_all_processes_count_and_queries_keep_their_order(tmp_path):
    script = ROOT / "tests" / "test_engine" / "distributed_matching.py"
    run_together(tmp_path, 2, script, tmp_path)
    own = [chosen_alone(rank) for rank in (0, 1)]
    assert not torch.equal(*own)
    model = build_model(phase=2).eval()
    inputs = torch.stack([image["inputs"] for image in images()])
    with torch.no_grad():
        queries = F.normalize(model.extract_feat(inputs, "backbone")[0])
    for rank in (0, 1):
        result = torch.load(tmp_path / f"{rank}.pth", weights_only=True)
        assert_close(result["own"].double(), own[rank])
        assert_close(result["all"], own[0] + own[1])
        assert not result["left"].any()
        assert_close(result["queries"], queries)
