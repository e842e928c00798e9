"""Each recipe trains two steps, and goes on from the first to the same bits.

Those of digits-LT as they are; slow: those of the other data sets at full size, where
PHOTOS names a folder of JPEG files, laid out as the data set is.
"""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.datasets import CIFAR10, CIFAR100
from PIL import Image
from safetensors.torch import save_file
from torch import randn

from tests.conftest import ROOT
from tests.test_engine.short_runs import FEW, NUMBERS, assert_same, read

LEAVES = sorted((ROOT / "configs" / "recipes").glob("*.py"))
DIGITS = [leaf for leaf in LEAVES if leaf.stem.endswith("digits_lt")]
OTHERS = [leaf for leaf in LEAVES if leaf not in DIGITS]
NUM_CLASSES = 6
# Without pre-trained weights, which would be fetched.
FULL_SIZE = {
    "model.backbone.init_cfg": None,
    "model.head.num_classes": NUM_CLASSES,
    "train_dataloader.batch_size": 2,
    "auto_scale_lr.base_batch_size": 4,
    **{f"{x}_dataloader.num_workers": 0 for x in ("train", "val", "test")},
    **{f"{x}_dataloader.persistent_workers": False for x in ("train", "val")},
}


def run(leaf, folder, start=None, resume=False, **changes):
    """Train two steps, and return the last checkpoint."""
    cfg = Config.fromfile(leaf)
    missing = [key for key in changes if cfg.get(key.split(".")[0]) is None]
    changes = {key: value for key, value in changes.items() if key not in missing}
    if cfg.model.head.get("head_init", "class_means") != "class_means":
        changes["model.head.head_init"] = "text.safetensors"
    if "DeferredReweightHook" in str(cfg.get("custom_hooks")):
        changes["custom_hooks.0.begin"] = 0
    cfg.merge_from_dict(
        {
            "work_dir": str(folder),
            "experiment_name": f"recipe{next(NUMBERS)}",
            "log_level": "ERROR",
            "train_cfg.max_epochs": 1,
            "train_dataloader.num_batch_per_epoch": 2,
            "default_hooks.checkpoint.interval": 1,
            "default_hooks.checkpoint.by_epoch": False,
            "default_hooks.checkpoint.save_best": None,
            "load_from": start and str(start),
            "resume": resume,
            **changes,
        }
    )
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    Runner.from_cfg(cfg).train()
    return read(folder / "iter_2.pth")


def check(leaf, folder, changes):
    start = None
    if "phase2" in leaf.stem:
        phase1 = leaf.with_name(leaf.name.replace("phase2", "phase1"))
        run(phase1, folder / "phase1", **changes)
        start = folder / "phase1" / "iter_2.pth"
    whole = run(leaf, folder / "whole", start, **changes)
    saved = folder / "whole" / "iter_1.pth"
    resumed = run(leaf, folder / "again", saved, resume=True, **changes)
    assert whole["meta"]["iter"] == 2
    assert_same(resumed["state_dict"], whole["state_dict"])
    assert_same(resumed["optimizer"]["state"], whole["optimizer"]["state"])
    first = read(folder / "whole" / "iter_1.pth")["state_dict"]
    changed = [k for k, v in first.items() if not v.equal(whole["state_dict"][k])]
    assert "head.weight" in changed


@pytest.mark.parametrize("leaf", DIGITS, ids=lambda leaf: leaf.stem)
def test_on_digits(leaf, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check(leaf, tmp_path, FEW)


@pytest.mark.slow
@pytest.mark.skipif("PHOTOS" not in os.environ, reason="PHOTOS is not set")
@pytest.mark.parametrize("leaf", OTHERS, ids=lambda leaf: leaf.stem)
def test_at_full_size(leaf, tmp_path, monkeypatch):
    photos = sorted(Path(os.environ["PHOTOS"]).resolve().glob("*.[jJ][pP]*[gG]"))
    monkeypatch.chdir(tmp_path)
    data, changes = tmp_path / "data", dict(FULL_SIZE)
    if "cifar100" in leaf.stem:
        changes["model.head.num_classes"] = 100
        changes["train_dataloader.dataset.dataset.imbalance_ratio"] = 2
        lay_out_cifar(data / "cifar100" / CIFAR100.base_folder, photos)
        monkeypatch.setattr(CIFAR10, "_check_integrity", lambda self: True)
    else:
        for name in ("Places_LT", "ImageNet_LT"):
            lay_out_lists(data / name, f"{name}_{{}}.txt", photos)
        lay_out_lists(data / "cifar10_jpeg", "{}.txt", photos)
        for name in ("plankton_lt", "caltech101_lt"):
            lay_out_lists(data / name, "fold_0/{}.txt", photos)
        lay_out_inat(data / "iNaturalist18", photos)
    classes = changes["model.head.num_classes"]
    save_file(dict(weight=randn(classes, 768)), "text.safetensors")
    check(leaf, tmp_path, changes)


def lay_out_cifar(folder, photos):
    folder.mkdir(parents=True)
    labels = [*range(100)] * 2
    images = [Image.open(photo).convert("RGB").resize((32, 32)) for photo in photos]
    pixels = [np.moveaxis(np.array(image), 2, 0).ravel() for image in images]
    data = np.stack([pixels[i % len(pixels)] for i in range(len(labels))])
    for name, _ in CIFAR100.train_list + CIFAR100.test_list:
        content = pickle.dumps(dict(data=data, fine_labels=labels))
        (folder / name).write_bytes(content)


def lay_out_lists(folder, list_name, photos):
    (folder / "photos").mkdir(parents=True)
    for split in ("train", "val", "test"):
        lines = []
        for i, photo in enumerate(photos[: 4 * NUM_CLASSES]):
            link = folder / "photos" / f"{i}.jpg"
            if not link.exists():
                link.symlink_to(photo)
            lines.append(f"photos/{i}.jpg {i % NUM_CLASSES}\n")
        file = folder / list_name.format(split)
        file.parent.mkdir(exist_ok=True)
        file.write_text("".join(lines))


def lay_out_inat(folder, photos):
    folder.mkdir()
    chosen = photos[: 4 * NUM_CLASSES]
    for i, photo in enumerate(chosen):
        (folder / f"{i}.jpg").symlink_to(photo)
    images = [dict(id=i, file_name=f"{i}.jpg") for i in range(len(chosen))]
    labels = [dict(image_id=i, category_id=i % NUM_CLASSES) for i in range(len(chosen))]
    content = dict(info=dict(year=2018), images=images, annotations=labels)
    for split in ("train", "val"):
        (folder / f"{split}2018.json").write_text(json.dumps(content))
