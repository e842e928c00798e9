"""One process or several: the same run; and when one dies, all end."""

import os
from itertools import chain

import pytest
import torch
from torch import distributed
from torch.testing import assert_close

from lpt_mm.engine.processes import describe_loss, is_first_process, meet_anew
from tests.conftest import ROOT
from tests.programs import free_port, is_running, run_script, run_together
from tests.test_engine import train_digits

PHASES = ("phase1", "phase2")
ENVIRONMENT = ("env", "CUDA_VISIBLE_DEVICES=", "OMP_NUM_THREADS=1")


def train(folder, processes):
    """Train and test, with the same total batch; return the results by process."""
    script = (train_digits.__file__, folder, processes)
    if processes > 1:
        run_together(folder, processes, *script)
    else:
        run_script(folder, script)
    ranks = range(processes)
    return [torch.load(folder / f"{rank}.pth", weights_only=True) for rank in ranks]


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return train(tmp_path_factory.mktemp("one"), 1)[0]


@pytest.fixture(scope="module", params=[2, pytest.param(4, marks=pytest.mark.slow)])
def several(request, tmp_path_factory):
    return train(tmp_path_factory.mktemp("several"), request.param)


@pytest.mark.parametrize("phase", PHASES)
def test_the_same_images_are_in_the_same_steps(one, several, phase):
    alone = [sorted(step) for step in one[phase]["steps"]]
    parts = [result[phase]["steps"] for result in several]
    together = [sorted(chain(*step)) for step in zip(*parts, strict=True)]
    assert len(alone) == train_digits.EPOCHS * 4
    assert together == alone
    assert len({checksum for step in alone for *_, checksum in step}) > 319


@pytest.mark.parametrize("phase", PHASES)
def test_the_same_weights_are_learned(one, several, phase):
    for result in several:
        weights = result[phase]["weights"]
        assert_close(weights, one[phase]["weights"], rtol=1e-9, atol=1e-9)


def test_the_metrics_are_the_same(one, several):
    for result in several:
        for test, expected in zip(result["tests"], one["tests"], strict=True):
            assert test == pytest.approx(expected)  # sums in another order
    accuracy = one["tests"][0]["long_tail/overall"]
    assert (accuracy * 739 / 100) == pytest.approx(round(accuracy * 739 / 100))


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("kill", "Signal 9 (SIGKILL) received"),
        ("nan", "the loss is not finite in step 3, epoch 2"),
        pytest.param("exit", "exitcode  : 7", marks=pytest.mark.slow),
    ],
)
def test_when_a_process_dies_all_end(way, message, run_tool, tmp_path):
    base = str(ROOT / "configs" / "lpt" / "phase1_digits_lt.py")
    imports = ["lpt_mm", "tests.test_engine.dying"]
    (tmp_path / "dying.py").write_text(
        f"_base_ = [{base!r}]\n"
        f"custom_imports = dict(imports={imports}, allow_failed_imports=False)\n"
        f"custom_hooks = [dict(type='Dying', way={way!r})]\n"
    )
    launch = ("bash", ROOT / "tools" / "dist_train.sh", "dying.py", 2)
    # A run that hangs is ended too, but without the message.
    out = run_tool(
        *(*ENVIRONMENT, f"PORT={free_port()}", "timeout", "240", *launch), fails=True
    )
    assert message in out
    for rank in (0, 1):
        assert not is_running((tmp_path / f"{rank}.pid").read_text())
    assert not list(tmp_path.rglob("*.pth"))


def test_a_run_goes_on_with_other_processes(run_tool, run_here, tmp_path):
    config = ROOT / "configs" / "lpt" / "phase1_digits_lt.py"
    options = ["train_cfg.max_epochs=2", "default_hooks.checkpoint.interval=1"]
    run_here(
        *(ROOT / "tools" / "train.py", config, "--work-dir", "run"),
        *("--cfg-options", "train_cfg.max_epochs=1", options[1]),
    )
    out = run_tool(
        *(*ENVIRONMENT, f"PORT={free_port()}"),
        *("bash", ROOT / "tools" / "dist_train.sh", config, 2, "--work-dir", "run"),
        *("--resume", "--cfg-options", "train_dataloader.batch_size=32", *options),
    )
    assert "goes on at epoch 2 of 2, step 1, learning rate 0.01" in out
    assert "processes: 1 -> 2" in out
    saved = torch.load(tmp_path / "run" / "epoch_2.pth", weights_only=True)
    assert (saved["meta"]["iter"], saved["meta"]["run"]["steps_per_epoch"]) == (10, 5)


@pytest.mark.parametrize("name", ["RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK"])
def test_the_first_process_is_known_before_they_meet(monkeypatch, name):
    assert is_first_process()
    monkeypatch.setenv(name, "0")
    assert is_first_process()
    monkeypatch.setenv(name, "3")
    assert not is_first_process()


@pytest.mark.parametrize(("restarts", "port"), [("0", "29500"), ("2", "29502")])
def test_after_a_restart_they_meet_elsewhere(monkeypatch, restarts, port):
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", restarts)
    monkeypatch.setenv("TORCHELASTIC_USE_AGENT_STORE", "True")
    monkeypatch.setenv("MASTER_PORT", "29500")
    for _ in range(2):  # a notebook may read two configs
        meet_anew()
        assert os.environ["MASTER_PORT"] == port


GLOO = (
    "[/build/third_party/gloo/transport/tcp/pair.cc:561] Connection closed by peer "
    "[10.0.0.2]:43912. This is typically caused by a remote worker crashing."
)
NCCL = "NCCL error: remote process exited or there was a network error"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError(GLOO), "Connection closed by peer [10.0.0.2]:43912"),
        (distributed.DistBackendError(NCCL), NCCL),
        (distributed.DistNetworkError("Connection reset\n#0"), "Connection reset"),
        (RuntimeError("CUDA out of memory"), None),
        (distributed.DistBackendError("Duplicate GPU detected"), None),
        (distributed.DistNetworkError("port: 29500: EADDRINUSE"), None),
        (ValueError("gloo is no backend of yours"), None),
    ],
)
def test_a_lost_process_is_told_from_other_errors(error, reason):
    said = describe_loss(error)
    if reason is None:
        assert said is None
    else:
        assert said.startswith("another process of this run ended or cannot be reached")
        assert f"({reason}): see its output; a training goes on with --resume" in said
