"""The README's worked example, run as it is written."""

import re
import shutil

import numpy as np
from PIL import Image

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
QUICK = (
    "model.backbone.arch=deit-tiny",  # no weights to fetch, seconds on a CPU
    "model.backbone.init_cfg=None",
    "train_cfg.max_epochs=1",
    "train_dataloader.batch_size=2",
    "train_dataloader.num_workers=1",
    "val_dataloader.num_workers=1",
    "test_dataloader.num_workers=1",
)


def make_flowers(folder):
    rng = np.random.default_rng(0)
    for name, count in (("daisy", 8), ("rose", 5), ("tulip", 3)):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            image = rng.integers(256, size=(40, 50, 3), dtype=np.uint8)
            Image.fromarray(image).save(folder / name / f"{i}.jpg")


def test_a_new_data_set_is_trained_on_by_the_commands_shown(run_tool, tmp_path):
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    make_flowers(tmp_path / "data" / "flowers")
    section = README.split("## A data set of your own")[1]
    commands = re.findall(r"^python (tools/\S+) (.*)", section, re.MULTILINE)[:5]
    assert [tool.split("/")[-1] for tool, _ in commands] == [
        *("new_dataset.py", "check_dataset.py", "train.py", "train.py", "test.py"),
    ]
    for tool, arguments in commands:
        arguments = arguments.replace("epoch_40", "epoch_1").split()
        if tool in ("tools/train.py", "tools/test.py"):
            arguments += ["--cfg-options", *QUICK]
        out = run_tool(ROOT / tool, *arguments)
    assert "phase2_flowers" in out
    best = (tmp_path / "work_dirs" / "phase2_flowers").glob("best_long_tail_*.pth")
    assert len(list(best)) == 1


def test_files_named_in_the_readme_exist():
    named = re.findall(r"\b(?:tools|configs|tests|lpt_mm|docs)/[\w/]+\.\w+", README)
    missing = {path for path in named if not (ROOT / path).exists()}
    assert {path for path in missing if "flowers" not in path} == set()


def test_components_named_in_the_readme_are_all_there_are():
    table = README.split("## Components")[1].split("\n\n")[2]
    named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|(.*?)\|", table, re.M))))
    registered = set()
    for file in (ROOT / "lpt_mm").rglob("*.py"):
        pattern = r"register_module\(\)\n(?:class|def) (\w+)"
        registered |= set(re.findall(pattern, file.read_text(encoding="utf-8")))
    assert registered == named - {"component"}
