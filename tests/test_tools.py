"""The tools as a user runs them."""

import json
import re

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from torch.testing import assert_close

from lpt_mm.weights.reading import read_file
from tests.conftest import ROOT, run_in
from tests.programs import run_together

TRAIN, TEST = ROOT / "tools" / "train.py", ROOT / "tools" / "test.py"
CONFIGS = ROOT / "configs" / "lpt"
PHASE1, PHASE2 = CONFIGS / "phase1_digits_lt.py", CONFIGS / "phase2_digits_lt.py"
SHORT = ("train_cfg.max_epochs=2", "train_cfg.val_interval=2", "log_level=WARNING")


def load(checkpoint):
    assert torch.serialization.get_unsafe_globals_in_checkpoint(checkpoint) == []
    return torch.load(checkpoint, weights_only=True)


@pytest.fixture(scope="module")
def phase1_folder(tmp_path_factory):
    """Train phase 1 for two epochs, keeping the checkpoints of both."""
    folder = tmp_path_factory.mktemp("phase1")
    options = ("checkpoint.interval=1", "checkpoint.max_keep_ckpts=-1")
    options = [f"default_hooks.{option}" for option in options]
    run_in(folder, TRAIN, PHASE1, "--cfg-options", *SHORT, *options)
    return folder / "work_dirs" / "phase1_digits_lt"


def test_phase2_trains_from_phase1_and_is_tested(phase1_folder, run_here, tmp_path):
    start = phase1_folder / "epoch_2.pth"
    run_here(TRAIN, PHASE2, "--phase1", start, "--amp", "--cfg-options", *SHORT)
    checkpoint = tmp_path / "work_dirs" / "phase2_digits_lt" / "epoch_2.pth"
    before, after = load(start)["state_dict"], load(checkpoint)["state_dict"]
    changed = {k for k in before if not torch.equal(before[k], after[k])}
    assert changed == {"head.weight"}
    assert {"neck.prompt_keys", "neck.group_prompts"} == after.keys() - before.keys()
    assert checkpoint.stat().st_size < 100_000  # the whole model has 1.2 million bytes
    log = next(checkpoint.parent.glob("*/vis_data/scalars.json")).read_text()
    steps = [json.loads(line) for line in log.splitlines() if "beta" in line]
    assert [step["beta"] for step in steps] == [0.5, 0.25]

    publish = ROOT / "tools" / "model_converters" / "publish_model.py"
    run_here(publish, PHASE2, checkpoint, "model.safetensors")
    out = run_here(TEST, PHASE2, "model.safetensors", "--out", "out/m.json")
    assert "lpt: few <= 15 < medium <= 40 < many" in out
    metrics = json.loads((tmp_path / "out" / "m.json").read_text())
    keys = ("overall", "many", "medium", "few", "mean_class")
    assert all(0 <= metrics[f"long_tail/{key}"] <= 100 for key in keys)
    assert f"{metrics['long_tail/overall']:.2f}" in out
    assert [c["train_images"] for c in metrics["classes"]][:3] == [100, 71, 51]


def test_a_resumed_run_goes_on_where_it_stopped(phase1_folder, run_here, tmp_path):
    folder = tmp_path / "work_dirs" / "phase1_digits_lt"
    folder.mkdir(parents=True)
    (folder / "epoch_1.pth").write_bytes((phase1_folder / "epoch_1.pth").read_bytes())
    damaged = bytearray((phase1_folder / "epoch_2.pth").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (folder / "epoch_2.pth").write_bytes(damaged)
    (folder / "last_checkpoint").write_text("/elsewhere/epoch_2.pth")
    out = run_here(TRAIN, PHASE1, "--resume", "--cfg-options", *SHORT[:2])
    assert "epoch_2.pth' is truncated or damaged" in out
    assert f"resuming from {folder.relative_to(tmp_path) / 'epoch_1.pth'}" in out
    assert "resumed epoch: 1, iter: 5" in out
    assert "Epoch(train) [1]" not in out
    assert "Epoch(train) [2]" in out
    resumed, whole = load(folder / "epoch_2.pth"), load(phase1_folder / "epoch_2.pth")
    for key in ("epoch", "iter", "cls_num_list"):
        assert resumed["meta"][key] == whole["meta"][key]
    assert_close(resumed["state_dict"], whole["state_dict"], rtol=0, atol=0)
    assert_close(resumed["optimizer"], whole["optimizer"], rtol=0, atol=0)


@pytest.mark.parametrize(
    ("config", "options", "message"),
    [
        ("phase2_digits_lt.py", [], "python tools/train.py"),
        ("gone.py", [], "there is no config"),
        ("phase1_digits_lt.py", ["model.head.num_classes=12"], "num_classes=10"),
        (
            "phase1_digits_lt.py",
            ["train_dataloader.collate_fn.type=default_collate"],
            "default_collate cannot batch",
        ),
    ],
)
def test_errors_come_before_training(run_here, tmp_path, config, options, message):
    options = ["--cfg-options", *options] if options else []
    out = run_here(TRAIN, CONFIGS / config, *options, fails=True)
    assert message in out.splitlines()[-1] or message in out.splitlines()[-2]
    assert "Epoch(train)" not in out
    assert not list(tmp_path.rglob("*.pth"))


def test_phase1_of_another_prompt_length_is_refused(phase1_folder, run_here):
    out = run_here(
        *(TRAIN, PHASE2, "--phase1", phase1_folder / "epoch_2.pth", "--cfg-options"),
        "model.backbone.prompt_length=6",
        fails=True,
    )
    assert "shared_prompts is (6, 1, 64) float32 in the weights and (6, 6, 64)" in out


def test_a_phase1_checkpoint_is_no_phase2_model(phase1_folder, run_here):
    out = run_here(TEST, PHASE2, phase1_folder / "epoch_2.pth", fails=True)
    assert "missing: neck.group_prompts, neck.prompt_keys" in out


def half_of(state_dict):
    return dict(list(state_dict.items())[::2])


@pytest.fixture(scope="module")
def bad_weights(tmp_path_factory):
    """Make files that no user should get away with."""
    folder = tmp_path_factory.mktemp("bad")
    vit = timm.models.VisionTransformer(
        img_size=8, patch_size=2, in_chans=1, embed_dim=64, depth=6, num_heads=4
    )
    whole = vit.state_dict()
    torch.save(whole, folder / "whole.pth")
    content = (folder / "whole.pth").read_bytes()
    (folder / "truncated.pth").write_bytes(content[: len(content) // 2])
    Image.new("RGB", (8, 8)).save(folder / "picture.pth", format="JPEG")
    torch.save(dict(whole, code=np.load), folder / "code.pth")
    torch.save(half_of(whole), folder / "half.pth")
    large = timm.create_model("vit_large_patch16_224", depth=1, num_classes=0)
    torch.save(large.state_dict(), folder / "large.pth")
    return folder


BAD_WEIGHTS = {
    "truncated.pth": "'truncated.pth' is truncated or damaged",
    "picture.pth": "'picture.pth' is no weight file: it is a picture (JPEG)",
    "code.pth": "'code.pth' holds more than tensors (numpy.load)",
    "half.pth": "missing: layers.0",
    "large.pth": "it is a ViT (1024 wide, 1 layers, patch 16)",
}


@pytest.mark.parametrize(("name", "reason"), BAD_WEIGHTS.items(), ids=BAD_WEIGHTS)
def test_bad_weights_end_a_run_with_one_line(
    run_here, bad_weights, tmp_path, name, reason
):
    (tmp_path / name).symlink_to(bad_weights / name)
    before = sorted(tmp_path.rglob("*"))
    option = f"model.backbone.init_cfg.checkpoint={name}"
    out = run_here(TRAIN, PHASE1, "--cfg-options", option, fails=True)
    assert reason in out
    if name in ("half.pth", "large.pth"):  # backbones, not trained models
        reason = "is no trained model"
    starts = [
        run_here(TRAIN, PHASE2, "--phase1", name, fails=True),
        run_here(TRAIN, PHASE1, "--resume", name, fails=True),
        run_here(TEST, PHASE1, name, fails=True),
    ]
    assert all(reason in start for start in starts)
    assert all(re.fullmatch("error: .*", text) for text in (out, *starts))
    assert sorted(tmp_path.rglob("*")) == before


def test_two_processes_train_and_test_on_cpu(run_here, tmp_path):
    train = (TRAIN, PHASE1, "--launcher", "pytorch", "--cfg-options", *SHORT)
    run_together(tmp_path, 2, *train, "train_dataloader.batch_size=32")
    folder = tmp_path / "work_dirs" / "phase1_digits_lt"
    # 335 pairs are dealt to 2 processes in batches of 32: as many steps as one makes.
    assert load(folder / "epoch_2.pth")["meta"]["iter"] == 10
    checkpoint = folder / "epoch_2.pth"
    test = (TEST, PHASE1, checkpoint, "--launcher", "pytorch", "--out", "two.json")
    run_together(tmp_path, 2, *test)
    run_here(TEST, PHASE1, checkpoint, "--out", "one.json")
    one, two = (
        json.loads((tmp_path / name).read_text()) for name in ("one.json", "two.json")
    )
    calibration = [key for key in one if key.startswith("long_tail/ece")]
    assert len(calibration) == 4
    for key in calibration:  # of float32 scores, which depend on the batch
        assert one.pop(key) == pytest.approx(two.pop(key), abs=1e-3)
    assert one == two  # of hits that are counted


def test_scripts_without_arguments_say_how_to_use_them(run_tool):
    for name in ("dist_train.sh", "dist_test.sh"):
        out = run_tool("bash", ROOT / "tools" / name, fails=True)
        assert f"bash tools/{name} CONFIG" in out


def make_places(folder, broken=None):
    """Lay out a few images as Places-LT is."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 4), ("val", 2), ("test", 2)):
        lines = []
        for i in range(count):
            path = folder / split / f"{i}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            image = rng.integers(256, size=(60, 80, 3), dtype=np.uint8)
            Image.fromarray(image).save(path)
            lines.append(f"{split}/{i}.jpg {i % 2}\n")
        (folder / f"Places_LT_{split}.txt").write_text("".join(lines))
    if broken is not None:
        (folder / "train" / "3.jpg").write_bytes(broken)


@pytest.mark.parametrize("broken", [None, b"", b"no image"])
def test_image_files_are_trained_on(run_here, tmp_path, broken):
    make_places(tmp_path / "data" / "Places_LT", broken)
    out = run_here(
        *(TRAIN, CONFIGS / "phase1_places_lt.py", "--cfg-options"),
        *("train_cfg.max_epochs=1", "model.head.num_classes=2"),
        *("model.backbone.arch=deit-tiny", "model.backbone.init_cfg=None"),
        *("train_dataloader.batch_size=2", "train_dataloader.num_workers=1"),
        *("val_dataloader.num_workers=0", "val_dataloader.persistent_workers=False"),
        fails=broken is not None,
    )
    if broken:
        assert "cannot read the image 'data/Places_LT/train/3.jpg'" in out
    elif broken is not None:
        assert "missing or empty: data/Places_LT/train/3.jpg" in out
        assert "Epoch(train)" not in out
    else:
        checkpoint = tmp_path / "work_dirs" / "phase1_places_lt" / "epoch_1.pth"
        assert load(checkpoint)["meta"]["cls_num_list"] == [2, 2]


BAD_LISTS = {
    "train/0.jpg": "Places_LT_train.txt:5: a line must have a path and a label",
    "train/0.jpg -1": "Places_LT_train.txt:5: the label is negative: -1",
    "train/0.jpg 2": "train: 1 of 5 labels is not in 0 ... 1: 2 (data/Places_LT/",
    "train/gone.jpg 1": "1 of 5 image files are missing or empty: data/Places_LT/train",
}


@pytest.mark.parametrize(("line", "message"), BAD_LISTS.items(), ids=BAD_LISTS)
def test_bad_lists_end_a_run_before_weights_are_read(run_here, tmp_path, line, message):
    make_places(tmp_path / "data" / "Places_LT")
    with (tmp_path / "data" / "Places_LT" / "Places_LT_train.txt").open("a") as file:
        file.write(f"{line}\n")
    out = run_here(
        *(TRAIN, CONFIGS / "phase1_places_lt.py", "--cfg-options"),
        *("model.head.num_classes=2", "model.backbone.arch=deit-tiny"),
        "model.backbone.init_cfg.checkpoint=timm:deit_tiny_patch16_224.fb_in1k",
        fails=True,
    )
    assert out.splitlines()[-1].startswith("error: ")
    assert message in out.splitlines()[-1]


def test_a_data_root_that_is_not_there_ends_a_run(run_here, tmp_path):
    options = ("model.backbone.init_cfg=None", "model.backbone.arch=deit-tiny")
    config = CONFIGS / "phase1_places_lt.py"
    out = run_here(TRAIN, config, "--cfg-options", *options, fails=True)
    assert "there is no split list 'data/Places_LT/Places_LT_train.txt'" in out
    assert not list(tmp_path.rglob("*.pth"))


def test_a_backbone_is_pre_trained_and_published(run_here, tmp_path):
    config = ROOT / "configs" / "pretrain" / "vit_glyphs.py"
    options = ("train_cfg.max_epochs=1", "train_dataloader.dataset.num_images=600")
    options = (*options, "val_dataloader.dataset.num_images=64", "log_level=WARNING")
    run_here(TRAIN, config, "--cfg-options", *options)
    checkpoint = tmp_path / "work_dirs" / "vit_glyphs" / "epoch_1.pth"
    publish = ROOT / "tools" / "model_converters" / "publish_backbone.py"
    run_here(publish, checkpoint, "mine.pth")
    weights = load(tmp_path / "mine.pth")["state_dict"]
    shipped = load(ROOT / "lpt_mm" / "weights" / "vit_glyphs.pth")
    assert {k: v.shape for k, v in weights.items()} == {
        k: v.shape for k, v in shipped.items()
    }
    trained = load(checkpoint)["state_dict"]
    assert all(torch.equal(weights[k], trained[f"backbone.{k}"]) for k in weights)
    run_here(publish, checkpoint, "half.safetensors", "--half")
    half = read_file(tmp_path / "half.safetensors")
    assert half.hidden_settings == read_file(tmp_path / "mine.pth").hidden_settings
    assert half.tensors.keys() == weights.keys()
    for name, tensor in half.tensors.items():
        assert tensor.dtype == torch.float16
        # float16 has 11 bits, and smallest steps of 6e-8
        assert_close(tensor.float(), weights[name], rtol=2**-11, atol=6e-8)


def test_a_backbone_is_pre_trained_without_labels(run_here, tmp_path):
    config = ROOT / "configs" / "pretrain" / "vit_photos_simclr.py"
    images = tmp_path / "data" / "tiny_imagenet" / "train" / "any"
    images.mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3), np.uint8)
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(images / f"{number}.jpeg")
    options = ("train_cfg.max_epochs=1", "train_dataloader.batch_size=4")
    options = (*options, "train_dataloader.num_workers=0", "log_level=WARNING")
    options = (*options, "train_dataloader.persistent_workers=False")
    run_here(TRAIN, config, "--cfg-options", *options)
    longer = ("train_cfg.max_epochs=2", *options[1:])
    run_here(TRAIN, config, "--resume", "--cfg-options", *longer)
    checkpoint = tmp_path / "work_dirs" / "vit_photos_simclr" / "epoch_2.pth"
    publish = ROOT / "tools" / "model_converters" / "publish_backbone.py"
    run_here(publish, checkpoint, "mine.safetensors")
    weights = read_file(tmp_path / "mine.safetensors").tensors
    shipped = read_file(ROOT / "lpt_mm" / "weights" / "vit_photos.safetensors").tensors
    assert {k: v.shape for k, v in weights.items()} == {
        k: v.shape for k, v in shipped.items()
    }


def test_results_of_other_shot_groups_are_not_compared(run_here, tmp_path):
    for name, groups in (("a", "lpt: few <= 20"), ("b", "oltr: few < 20")):
        report = {"long_tail/overall": 50.0, "shot_groups": groups, "classes": []}
        (tmp_path / f"{name}.json").write_text(json.dumps(report))
    compare = ROOT / "tools" / "analysis_tools" / "compare.py"
    out = run_here(compare, "a.json", "b.json", fails=True)
    assert "different shot groups" in out
