"""Which checkpoint is found, and which is refused."""

import os

import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS

from lpt_mm.engine.start import (
    check_start,
    latest_checkpoint,
    newest_good_checkpoint,
)
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import leave_out_backbone
from tests.golden import tiny_lpt


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


RUN = dict(state_dict={"w": torch.ones(2)}, optimizer={}, meta=dict(iter=3))


def make_run(folder, name="epoch_3.pth"):
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(RUN, folder / name)
    (folder / "last_checkpoint").write_text(f"/moved/from/here/{name}")
    return str(folder / name)


def test_latest_checkpoint_is_found_after_the_folder_moved(tmp_path):
    assert latest_checkpoint("run") is None
    make_run(tmp_path / "run")
    assert latest_checkpoint("run") == "run/epoch_3.pth"
    (tmp_path / "run" / "epoch_3.pth").rename(tmp_path / "epoch_3.pth")
    assert latest_checkpoint("run") is None
    (tmp_path / "run" / "last_checkpoint").write_text(str(tmp_path / "epoch_3.pth"))
    assert latest_checkpoint("run") == str(tmp_path / "epoch_3.pth")


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
