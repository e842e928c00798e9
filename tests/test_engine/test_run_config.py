import os
from pathlib import Path

import pytest
import torch

from lpt_mm.engine.run_config import load_config


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOCAL_RANK", raising=False)


def load(text="", options=None, **settings):
    Path("mine.py").write_text(text)
    return load_config("mine.py", options, **settings)


def test_work_dir_is_that_of_command_then_config_then_name():
    assert load().work_dir == "work_dirs/mine"
    assert load("work_dir = 'mine_too'").work_dir == "mine_too"
    assert load("work_dir = 'mine_too'", work_dir="x").work_dir == "x"


def test_options_change_config_values():
    cfg = load("model = dict(b=1)", {"model.b": 2, "model.c": [1, 2]})
    assert cfg.model == dict(b=2, c=[1, 2])


def test_a_data_preprocessor_at_the_top_is_the_models_unless_it_has_its_own():
    top = "data_preprocessor = dict(mean=[1])\nmodel = dict(b=1"
    assert load(top + ")").model == dict(b=1, data_preprocessor=dict(mean=[1]))
    cfg = load(top + ", data_preprocessor=dict(std=[2]))")
    assert cfg.model.data_preprocessor == dict(std=[2])


def test_a_missing_config_is_named():
    with pytest.raises(FileNotFoundError, match="no config 'gone.py'"):
        load_config("gone.py")


@pytest.mark.parametrize(
    ("launcher", "rank", "size"),
    [
        ("pytorch", "RANK", "WORLD_SIZE"),
        ("slurm", "SLURM_PROCID", "SLURM_NTASKS"),
        ("mpi", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ],
)
def test_each_launcher_starts_processes_on_cpu(monkeypatch, launcher, rank, size):
    started = []
    names = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(
        torch.distributed,
        "init_process_group",
        lambda backend: started.append([backend, *(os.environ[x] for x in names)]),
    )
    for name in names:  # so that what is set is taken back
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    with pytest.raises(OSError, match=f"--launcher {launcher}: .* has no {rank}; star"):
        load(launcher=launcher)
    monkeypatch.setenv(rank, "3")
    monkeypatch.setenv(size, "8")
    with pytest.raises(OSError, match="has no MASTER_ADDR"):
        load(launcher=launcher)
    monkeypatch.setenv("MASTER_ADDR", "first")
    load(launcher=launcher)
    assert started == [["gloo", "3", "8", "first", "29500"]]


def test_a_seed_out_of_range_is_refused():
    for seed in (-1, 2**32, "x"):
        with pytest.raises(ValueError, match=r"randomness\.seed must be in 0 "):
            load(options={"randomness.seed": seed})
