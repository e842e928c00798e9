from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from lpt_mm.engine.run_config import load_config
from lpt_mm.engine.training import run_training, set_start
from tests.conftest import ROOT
from tests.test_engine.test_checkpoints_to_start_from import make_run


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOCAL_RANK", raising=False)


def load(text="", options=None, **settings):
    Path("mine.py").write_text(text)
    return load_config("mine.py", options, **settings)


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


def test_a_work_dir_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    cfg = load(work_dir="file/run")
    with pytest.raises(NotADirectoryError, match="'file' is a file"):
        set_start(cfg, resume=None, phase1=None)


@pytest.mark.parametrize(
    ("saved", "said"),
    [
        (False, "^stopped before anything was saved$"),
        (True, r"^stopped; run/epoch_3\.pth is saved: go on with --resume$"),
    ],
)
def test_an_interruption_by_hand_says_what_is_saved(tmp_path, monkeypatch, saved, said):
    def interrupt(self):
        if saved:
            make_run(tmp_path / "run")
        raise KeyboardInterrupt

    monkeypatch.setattr(Runner, "train", interrupt)
    cfg = Config.fromfile(ROOT / "configs" / "lpt" / "phase1_digits_lt.py")
    cfg.work_dir = "run"
    with pytest.raises(KeyboardInterrupt, match=said):
        run_training(cfg)
