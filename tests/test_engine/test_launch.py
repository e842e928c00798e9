import argparse
import os

import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS

from lpt_mm.engine.endings import stopped_by_hand
from lpt_mm.engine.launch import (
    add_common_arguments,
    check_start,
    load_config,
    set_amp,
    set_start,
    set_test,
)
from lpt_mm.engine.start import latest_checkpoint, newest_good_checkpoint
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import leave_out_backbone
from tests.golden import tiny_lpt


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


RUN = dict(state_dict={"w": torch.ones(2)}, optimizer={}, meta=dict(iter=3))


def make_run(folder, name="epoch_3.pth"):
    folder.mkdir(parents=True)
    torch.save(RUN, folder / name)
    (folder / "last_checkpoint").write_text(f"/moved/from/here/{name}")
    return str(folder / name)


def test_work_dir_is_that_of_command_then_config_then_name():
    assert load().work_dir == "work_dirs/mine"
    assert load("work_dir = 'mine_too'").work_dir == "mine_too"
    assert load("work_dir = 'mine_too'", "--work-dir", "x").work_dir == "x"


def test_options_change_config_values():
    cfg = load("model = dict(b=1)", "--cfg-options", "model.b=2", "model.c=[1,2]")
    assert cfg.model == dict(b=2, c=[1, 2])


def test_a_missing_config_is_named():
    with pytest.raises(FileNotFoundError, match="no config 'gone.py'"):
        load_config(argparse.Namespace(config="gone.py"))


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
        load("", "--launcher", launcher)
    monkeypatch.setenv(rank, "3")
    monkeypatch.setenv(size, "8")
    with pytest.raises(OSError, match="has no MASTER_ADDR"):
        load("", "--launcher", launcher)
    monkeypatch.setenv("MASTER_ADDR", "first")
    load("", "--launcher", launcher)
    assert started == [["gloo", "3", "8", "first", "29500"]]


def test_latest_checkpoint_is_found_after_the_folder_moved(tmp_path):
    assert latest_checkpoint("run") is None
    make_run(tmp_path / "run")
    assert latest_checkpoint("run") == "run/epoch_3.pth"
    (tmp_path / "run" / "epoch_3.pth").rename(tmp_path / "epoch_3.pth")
    assert latest_checkpoint("run") is None
    (tmp_path / "run" / "last_checkpoint").write_text(str(tmp_path / "epoch_3.pth"))
    assert latest_checkpoint("run") == str(tmp_path / "epoch_3.pth")


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


def test_the_validation_set_can_be_tested_on(tmp_path):
    (checkpoint := tmp_path / "a.pth").touch()
    loaders = dict(val_dataloader=dict(v=1), test_dataloader=dict(t=1))
    cfg = Config(dict(loaders, val_evaluator=dict(v=2), test_evaluator=dict(t=2)))
    set_test(cfg, str(checkpoint), "test")
    assert (cfg.load_from, cfg.resume) == (str(checkpoint), False)
    assert cfg.test_dataloader == dict(t=1)
    set_test(cfg, str(checkpoint), "val")
    assert (cfg.test_dataloader, cfg.test_evaluator) == (dict(v=1), dict(v=2))
    cfg.val_dataloader = None
    with pytest.raises(ValueError, match="no val_dataloader"):
        set_test(cfg, str(checkpoint), "val")


def test_only_what_is_not_trained_is_tested_without_a_checkpoint():
    set_test(cfg := Config(dict(train_cfg=None)), None, "test")
    assert cfg.load_from is None
    with pytest.raises(FileNotFoundError, match="name the checkpoint to test"):
        set_test(Config(dict(train_cfg=dict(max_epochs=1))), None, "test")
    with pytest.raises(FileNotFoundError, match=r"no checkpoint 'x\.pth'"):
        set_test(Config(dict(train_cfg=None)), "x.pth", "test")
    with pytest.raises(ValueError, match="without a launcher"):
        set_test(Config(dict(train_cfg=None, launcher="pytorch")), None, "test")


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


def save_all(folder, *names):
    """Save checkpoints one after the other, and record the last one."""
    folder.mkdir(exist_ok=True)
    for age, name in enumerate(reversed(names)):
        torch.save(RUN, folder / name)
        os.utime(folder / name, (10**9 - age, 10**9 - age))
    (folder / "last_checkpoint").write_text(str(folder / names[-1]))


def damage(file, at=-60):
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)


def test_resume_falls_back_to_the_newest_good_checkpoint(tmp_path, capsys):
    run = tmp_path / "run"
    save_all(run, "epoch_1.pth", "epoch_2.pth", "epoch_3.pth")
    assert newest_good_checkpoint(str(run)) == str(run / "epoch_3.pth")
    content = (run / "epoch_3.pth").read_bytes()
    at = content.index(torch.ones(2).numpy().tobytes())
    damage(run / "epoch_3.pth", at)  # one bit of a weight, which torch would not see
    assert torch.load(run / "epoch_3.pth")["state_dict"]["w"].tolist() != [1, 1]
    assert newest_good_checkpoint(str(run)) == str(run / "epoch_2.pth")
    said = capsys.readouterr().out
    assert "epoch_3.pth' is truncated or damaged" in said
    assert f"resuming from {run / 'epoch_2.pth'}" in said
    (run / "epoch_2.pth").write_bytes(content[:100])
    assert newest_good_checkpoint(str(run)) == str(run / "epoch_1.pth")
    (run / "epoch_1.pth").write_bytes(b"")
    with pytest.raises(WeightFileError, match="no checkpoint in .* can be used: .*_3"):
        newest_good_checkpoint(str(run))


def test_a_lost_record_or_model_files_do_not_hinder_a_resume(tmp_path):
    run = tmp_path / "run"
    save_all(run, "epoch_1.pth", "epoch_2.pth")
    (run / "last_checkpoint").write_text("")
    model_alone = dict(state_dict=RUN["state_dict"], meta={})
    torch.save(model_alone, run / "best_x_epoch_2.pth")  # the newest, but no state
    assert newest_good_checkpoint(str(run)) == str(run / "epoch_2.pth")
    assert newest_good_checkpoint(str(tmp_path / "gone")) is None


def make_start(tmp_path, light):
    """Save a checkpoint of a model, whose backbone lies in a file of its own."""
    model = tiny_lpt(2)
    built = MODELS.build(model)
    torch.save(built.backbone.frozen_state(), tmp_path / "vit.pth")
    built.backbone.source = "vit.pth"
    state = built.state_dict()
    if light:
        state = leave_out_backbone(state, built.backbone.identity)
    torch.save(dict(state_dict=state, meta={}), tmp_path / "start.pth")
    init_cfg = dict(type="PretrainedViT", checkpoint="vit.pth")
    model["backbone"]["init_cfg"] = init_cfg
    cfg = dict(model=model, load_from="start.pth", resume=False)
    return Config(dict(cfg, default_scope="mmpretrain"))


def test_another_backbone_is_refused_at_the_start(tmp_path):
    cfg = make_start(tmp_path, light=True)
    other = MODELS.build(tiny_lpt(2)).backbone.frozen_state()
    torch.save(dict(other, cls_token=other["cls_token"] + 1), tmp_path / "other.pth")
    cfg.model.backbone.init_cfg.checkpoint = "other.pth"
    with pytest.raises(WeightFileError, match=r"of 'vit\.pth' .* of 'other\.pth'"):
        check_start(cfg, training=False)
    cfg.model.backbone.init_cfg = None
    with pytest.raises(WeightFileError, match=r"is light, without .* of 'vit\.pth'"):
        check_start(cfg, training=False)
    cfg.model.backbone.type = "VisionTransformer"
    for key in ("prompt_length", "prompt_mode", "frozen_prompts", "frozen"):
        cfg.model.backbone.pop(key, None)
    with pytest.raises(WeightFileError, match="is light: only a PromptedViT"):
        check_start(cfg, training=False)


def test_a_model_without_its_optimizer_is_not_resumed(tmp_path):
    cfg = make_start(tmp_path, light=True)
    cfg.resume = True
    with pytest.raises(WeightFileError, match="no state of the optimizer"):
        check_start(cfg, training=False)


def test_a_seed_out_of_range_is_refused():
    for seed in (-1, 2**32, "x"):
        with pytest.raises(ValueError, match=r"randomness\.seed must be in 0 "):
            load("", "--cfg-options", f"randomness.seed={seed}")


def test_amp_takes_the_place_of_a_plain_wrapper_alone():
    set_amp(cfg := Config(dict(optim_wrapper=dict(lr=1))))
    set_amp(cfg)
    assert cfg.optim_wrapper.type == "BFloat16OptimWrapper"
    with pytest.raises(ValueError, match="not of GNMOptimWrapper"):
        set_amp(Config(dict(optim_wrapper=dict(type="GNMOptimWrapper"))))


def test_an_interruption_by_hand_says_what_is_saved(tmp_path):
    def interrupt():
        with stopped_by_hand("run"):
            raise KeyboardInterrupt

    with pytest.raises(SystemExit, match="before anything was saved"):
        interrupt()
    make_run(tmp_path / "run")
    with pytest.raises(SystemExit, match=r"run/epoch_3\.pth is saved: .* --resume"):
        interrupt()


def test_a_work_dir_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    cfg = load("", "--work-dir", "file/run")
    with pytest.raises(NotADirectoryError, match="'file' is a file"):
        set_start(cfg, resume=None, phase1=None)
