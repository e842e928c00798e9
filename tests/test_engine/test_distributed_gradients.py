"""What processes that train together tell each other, and that it is enough."""

from argparse import Namespace
from types import SimpleNamespace

import pytest
import torch
from mmengine.runner import Runner, runner
from torch import nn
from torch.testing import assert_close

from lpt_mm.engine.launch import load_config
from tests.conftest import ROOT, run_in

SCRIPT = ROOT / "tests" / "test_engine" / "distributed_gradients.py"
TRAINING = sorted((ROOT / "configs" / "lpt").glob("phase*.py"))
# Phase 1: 4 layers of 5 prompt tokens, 7 classes; phase 2: 6 groups of 2 layers of 5
# prompt tokens, 6 keys, 7 classes; all are 24 wide.
TRAINED = {
    1: {"backbone.shared_prompts": 4 * 5 * 24, "head.weight": 7 * 24},
    2: {
        "neck.group_prompts": 6 * 2 * 5 * 24,
        "neck.prompt_keys": 6 * 24,
        "head.weight": 7 * 24,
    },
}


@pytest.fixture(scope="module")
def both_phases(tmp_path_factory):
    """Train both phases in two processes on CPU; return what each process noted."""
    folder = tmp_path_factory.mktemp("two")
    launch = ("python", "-m", "torch.distributed.run", "--standalone")
    run_in(
        folder,
        *("env", "CUDA_VISIBLE_DEVICES=", *launch, "--nproc-per-node=2"),
        *(SCRIPT, folder),
    )
    return {
        phase: [torch.load(folder / f"phase{phase}_rank{i}.pth") for i in range(2)]
        for phase in (1, 2)
    }


@pytest.fixture(params=[1, 2], ids=["phase1", "phase2"])
def phase(request):
    return request.param


@pytest.fixture
def ranks(both_phases, phase):
    return both_phases[phase]


def test_gradients_of_the_trained_parameters_are_exchanged(ranks, phase):
    for rank in ranks:
        assert rank["trained"] == TRAINED[phase]
        for step in rank["steps"]:
            assert sorted(step["names"]) == sorted(TRAINED[phase])
            assert sum(step["sizes"]) == sum(TRAINED[phase].values())


def test_nothing_else_is_exchanged(ranks, phase):
    for rank in ranks:
        assert rank["buffers"]  # there would be something to synchronise
        first, second, third = (step["messages"] for step in rank["steps"])
        gradients = ("allreduce_.default", True, sum(TRAINED[phase].values()))
        assert first == third == [gradients]
        # Once the processes agree on the order of the gradients, in whole numbers.
        order = [message for message in second if message != gradients]
        assert len(second) == len(order) + 1
        assert not any(real for _, real, _ in order)


def test_unused_parameters_are_not_searched_for(ranks):
    for rank in ranks:
        assert rank["wrapper"] == "MMDistributedDataParallel"
        assert rank["find_unused_parameters"] is False
        assert rank["broadcast_buffers"] is False


def test_gradients_are_the_mean_of_those_of_single_processes(ranks, phase):
    for mine, other in zip(*(rank["steps"] for rank in ranks), strict=True):
        assert set(mine["together"]) == set(TRAINED[phase])
        for name, gradient in mine["together"].items():
            alone = torch.stack([mine["alone"][name], other["alone"][name]])
            assert gradient.dtype == torch.float64
            assert torch.equal(gradient, other["together"][name])
            assert_close(gradient, alone.mean(dim=0), rtol=1e-12, atol=1e-12)
            assert (alone[0] - alone[1]).norm() > 0.1 * gradient.norm()


def test_weights_stay_the_same_in_all_processes(ranks):
    first, second = (rank["weights"] for rank in ranks)
    assert_close(first, second, rtol=0, atol=0)


@pytest.mark.parametrize("leaf", TRAINING, ids=lambda leaf: leaf.stem)
def test_gpu_processes_neither_search_nor_synchronise(leaf, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(runner, "MMDistributedDataParallel", dict)
    monkeypatch.setenv("LOCAL_RANK", "1")
    options = dict(launcher="pytorch", local_rank=0, work_dir=None, cfg_options=None)
    cfg = load_config(Namespace(config=leaf, **options))
    wrapper_cfg = cfg.get("model_wrapper_cfg")
    assert wrapper_cfg is None  # mmengine decides
    stand_in, model = SimpleNamespace(distributed=True, cfg=cfg), nn.Identity()
    settings = Runner.wrap_model(stand_in, wrapper_cfg, model)
    assert settings == dict(
        module=model,
        device_ids=[1],
        broadcast_buffers=False,
        find_unused_parameters=False,
    )
