import argparse

import pytest

from lpt_mm.engine.launch import (
    add_common_arguments,
    latest_checkpoint,
    load_config,
    set_start,
)


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOCAL_RANK", raising=False)


def load(text="", *options):
    with open("mine.py", "w") as file:
        file.write(text)
    parser = argparse.ArgumentParser()
    parser.add_argument("config")
    add_common_arguments(parser)
    return load_config(parser.parse_args(["mine.py", *options]))


def make_run(folder, name="epoch_3.pth"):
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"")
    (folder / "last_checkpoint").write_text(f"/moved/from/here/{name}")
    return str(folder / name)


def test_work_dir_is_that_of_command_then_config_then_name():
    assert load().work_dir == "work_dirs/mine"
    assert load("work_dir = 'mine_too'").work_dir == "mine_too"
    assert load("work_dir = 'mine_too'", "--work-dir", "x").work_dir == "x"


def test_options_change_config_values():
    cfg = load("a = dict(b=1)", "--cfg-options", "a.b=2", "a.c=[1,2]")
    assert cfg.a == dict(b=2, c=[1, 2])


def test_a_missing_config_is_named():
    with pytest.raises(FileNotFoundError, match="no config 'gone.py'"):
        load_config(argparse.Namespace(config="gone.py"))


def test_latest_checkpoint_is_found_after_the_folder_moved(tmp_path):
    assert latest_checkpoint("run") is None
    make_run(tmp_path / "run")
    assert latest_checkpoint("run") == "run/epoch_3.pth"
    (tmp_path / "run" / "epoch_3.pth").unlink()
    assert latest_checkpoint("run") is None


def test_a_new_run_starts_from_nothing():
    cfg = load()
    set_start(cfg, resume=None, phase1=None)
    assert cfg.load_from is None
    assert not cfg.resume


def test_phase2_starts_from_the_latest_of_phase1(tmp_path):
    cfg = load("phase1_work_dir = 'work_dirs/one'")
    make_run(tmp_path / "work_dirs" / "one")
    set_start(cfg, resume=None, phase1=None)
    assert cfg.load_from == "work_dirs/one/epoch_3.pth"
    assert not cfg.resume


def test_phase1_option_overrides(tmp_path):
    cfg = load("phase1_work_dir = 'work_dirs/one'")
    mine = make_run(tmp_path / "elsewhere")
    set_start(cfg, resume=None, phase1=mine)
    assert cfg.load_from == mine
    with pytest.raises(FileNotFoundError, match="no checkpoint 'gone.pth'"):
        set_start(cfg, resume=None, phase1="gone.pth")


def test_a_missing_phase1_tells_the_command():
    cfg = load("phase1_work_dir = 'work_dirs/one'")
    with pytest.raises(FileNotFoundError, match=r"python tools/train.py one\.py"):
        set_start(cfg, resume=None, phase1=None)


def test_phase1_option_needs_a_phase2_config():
    with pytest.raises(ValueError, match="--phase1 is for phase-2 configs"):
        set_start(load(), resume=None, phase1="x.pth")


def test_settings_of_the_config_are_honoured(tmp_path):
    mine = make_run(tmp_path / "mine")
    cfg = load(f"phase1_work_dir = 'work_dirs/one'; load_from = {mine!r}")
    set_start(cfg, resume=None, phase1=None)
    assert (cfg.load_from, cfg.resume) == (mine, False)
    cfg = load(f"resume = True; load_from = {mine!r}")
    set_start(cfg, resume=None, phase1=None)
    assert (cfg.load_from, cfg.resume) == (mine, True)


def test_what_a_checkpoint_overwrites_is_not_initialised(tmp_path):
    model = "model = dict(backbone=dict(init_cfg=dict(type='PretrainedViT')))"
    cfg = load(model)
    set_start(cfg, resume=None, phase1=None)
    assert cfg.model.backbone.init_cfg
    set_start(cfg, resume=make_run(tmp_path / "mine"), phase1=None)
    assert "init_cfg" not in cfg.model.backbone


def test_resume_goes_on_with_the_run_itself(tmp_path):
    cfg = load("phase1_work_dir = 'work_dirs/one'")
    make_run(tmp_path / "work_dirs" / "one", "epoch_9.pth")
    set_start(cfg, resume="auto", phase1=None)
    assert cfg.load_from == "work_dirs/one/epoch_9.pth"  # nothing to resume yet
    assert not cfg.resume
    make_run(tmp_path / "work_dirs" / "mine")
    set_start(cfg, resume="auto", phase1=None)
    assert cfg.load_from == "work_dirs/mine/epoch_3.pth"
    assert cfg.resume
    with pytest.raises(FileNotFoundError, match="no checkpoint 'gone.pth'"):
        set_start(cfg, resume="gone.pth", phase1=None)
