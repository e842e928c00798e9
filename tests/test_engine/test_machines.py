"""Two machines that share no folder: here two of torchrun's agents, each in its own."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch.testing import assert_close

from tests.conftest import ROOT, run_in
from tests.programs import free_port, is_running
from tests.test_engine import train_digits
from tests.test_engine.short_runs import read

CONFIG = f"""
_base_ = [{str(ROOT / "configs" / "lpt" / "phase1_digits_lt.py")!r}]
work_dir = "run"
train_cfg = dict(max_epochs=2, val_interval=1)
default_hooks = dict(checkpoint=dict(interval=1))
custom_imports = dict(
    imports=["lpt_mm", "tests.test_engine.dying"], allow_failed_imports=False
)
"""
TRAIN = ("bash", ROOT / "tools" / "dist_train.sh", "mine.py", 1)
TEST = ("bash", ROOT / "tools" / "dist_test.sh", "mine.py")
either_rank = pytest.mark.parametrize(
    "rank", [pytest.param(0, marks=pytest.mark.slow), 1]
)
LOST = "error: another process of this run ended or cannot be reached"


def run_on_two(folder, *command, fails=False, **environment):
    """Run a command on two machines at once; return the folders and the outputs."""
    environment |= dict(NNODES=2, MASTER_ADDR="127.0.0.1", PORT=free_port())
    environment |= dict(CUDA_VISIBLE_DEVICES="", OMP_NUM_THREADS=1)
    names = [f"{key}={value}" for key, value in environment.items()]
    folders = [folder / "first", folder / "second"]

    def run(rank):
        folders[rank].mkdir(exist_ok=True)
        env = ("env", *names, f"NODE_RANK={rank}", "timeout", 290)
        return run_in(folders[rank], *env, *command, fails=fails)

    with ThreadPoolExecutor() as pool:
        return folders, list(pool.map(run, (0, 1)))


def train(folder, *options, dying=None, **kwargs):
    """Train two epochs of phase 1 on two machines, of two steps each."""
    for name in ("first", "second"):
        (folder / name).mkdir(exist_ok=True)
        hooks = [dict(type="Dying", **dying)] if dying else []
        (folder / name / "mine.py").write_text(f"{CONFIG}custom_hooks = {hooks}\n")
    return run_on_two(folder, *TRAIN, *options, **kwargs)


def checkpoints(folder):
    return sorted(path.name for path in folder.rglob("*.pth"))


def assert_same_weights(folder, expected):
    actual = read(folder / "run" / "epoch_2.pth")
    assert actual["meta"]["iter"] == expected["meta"]["iter"] == 4
    states = actual["state_dict"], expected["state_dict"]
    assert_close(*states, rtol=1e-4, atol=1e-5)  # of float32, summed up by gloo


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train with nothing in the way."""
    return train(tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def weights(trained):
    (first, _), _ = trained
    return read(first / "run" / "epoch_2.pth")


def test_they_validate_and_the_first_one_saves(trained):
    (first, second), (said, _) = trained
    assert checkpoints(first) == ["epoch_1.pth", "epoch_2.pth"]
    assert checkpoints(second) == []
    assert said.count("Epoch(val)") == 2


def test_they_test_a_checkpoint_of_the_first_one(trained):
    (first, second), _ = trained
    options = ("run/epoch_2.pth", 1, "--out", "two.json")
    run_on_two(first.parent, *TEST, *options)
    assert not (second / "two.json").exists()
    one = ("mine.py", "run/epoch_2.pth", "--out", "one.json")
    run_in(first, ROOT / "tools" / "test.py", *one)
    reports = [
        json.loads((first / f"{name}.json").read_text()) for name in ("one", "two")
    ]
    for name in ("long_tail/overall", "long_tail/few", "classes", "shot_confusion"):
        assert reports[0][name] == reports[1][name]  # of hits that are counted


def test_a_run_that_lost_a_process_ends_and_goes_on(weights, tmp_path):
    (first, second), said = train(tmp_path, dying=dict(way="kill"), fails=True)
    assert LOST in said[0]
    assert "Signal 9 (SIGKILL) received" in said[1]
    assert checkpoints(first) == ["epoch_1.pth"]
    (second / "run").mkdir(exist_ok=True)
    stale = dict(weights, meta=dict(weights["meta"], epoch=0, iter=0))
    torch.save(stale, second / "run" / "epoch_1.pth")  # of the same name, and valid
    before = (second / "run" / "epoch_1.pth").read_bytes()
    train(tmp_path, "--resume")
    assert_same_weights(first, weights)
    assert (second / "run" / "epoch_1.pth").read_bytes() == before
    assert checkpoints(second) == ["epoch_1.pth"]
    assert not list(second.rglob(".from*"))


@either_rank
def test_a_run_goes_on_by_itself(weights, rank, tmp_path):
    dying = dict(way="kill", rank=rank)
    (first, second), said = train(tmp_path, "--resume", dying=dying, MAX_RESTARTS=1)
    assert "the run goes on at epoch 2 of 2, step 1" in said[0]
    assert_same_weights(first, weights)
    assert checkpoints(second) == []


@either_rank
def test_a_launcher_that_is_killed_ends_the_run(rank, tmp_path):
    dying = dict(way="kill_launcher", rank=rank)
    folders, said = train(tmp_path, dying=dying, fails=True)
    assert "torchrun, which started this process, is gone" in said[rank]
    assert LOST in said[1 - rank]
    for number, folder in enumerate(folders):
        assert not is_running((folder / f"{number}.pid").read_text())


def test_the_address_of_the_first_machine_is_asked_for(run_tool):
    alone = ("env", "-u", "MASTER_ADDR", "NNODES=2", "NODE_RANK=1")
    assert "MASTER_ADDR: is not set" in run_tool(*alone, *TRAIN, fails=True)


@pytest.mark.slow
def test_two_machines_learn_what_one_does(tmp_path):
    script = (train_digits.__file__, ".", 4)
    (one := tmp_path / "one").mkdir()
    processes = ("env", "CUDA_VISIBLE_DEVICES=", "OMP_NUM_THREADS=1", "torchrun")
    run_in(one, *processes, "--standalone", "--nproc_per_node=4", *script)
    command = ("bash", ROOT / "tools" / "dist_run.sh", 2, *script)
    folders, _ = run_on_two(tmp_path, *command)
    for rank in range(4):
        expected = torch.load(one / f"{rank}.pth", weights_only=True)
        actual = torch.load(folders[rank // 2] / f"{rank}.pth", weights_only=True)
        for phase in ("phase1", "phase2"):
            assert actual[phase]["steps"] == expected[phase]["steps"]
            learned = actual[phase]["weights"], expected[phase]["weights"]
            assert_close(*learned, rtol=1e-9, atol=1e-9)
        for test, result in zip(actual["tests"], expected["tests"], strict=True):
            assert test == pytest.approx(result)
    assert not list(folders[1].rglob("epoch_*.pth"))
