"""The README's worked example, run as it is written."""

import re
import shutil

import numpy as np
from PIL import Image

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()
QUICK = (
    "model.backbone.arch=deit-tiny",  # no weights to fetch, seconds on a CPU
    "model.backbone.init_cfg=None",
    "train_cfg.max_epochs=1",
    "train_dataloader.batch_size=2",
    "train_dataloader.num_workers=1",
    "val_dataloader.num_workers=1",
    "test_dataloader.num_workers=1",
)


def write_examples(folder):
    """Write each config that the README shows to the path in its first line."""
    shutil.copytree(ROOT / "configs", folder / "configs")
    examples = re.findall(r"```python\n# (\S+\.py)\n(.*?)```", README, re.DOTALL)
    for path, text in examples:
        (folder / path).write_text(text)
    return [path for path, _ in examples]


def make_flowers(folder):
    rng = np.random.default_rng(0)
    for split, counts in (
        ("train", (4, 2, 1)),
        ("val", (1, 1, 1)),
        ("test", (1, 1, 1)),
    ):
        for name, count in zip(("daisy", "rose", "tulip"), counts, strict=True):
            path = folder / split / name
            path.mkdir(parents=True)
            for i in range(count):
                image = rng.integers(256, size=(40, 50, 3), dtype=np.uint8)
                Image.fromarray(image).save(path / f"{i}.jpg")


def test_a_new_data_set_needs_three_files(run_tool, tmp_path):
    files = write_examples(tmp_path)
    assert [path.split("/")[-1] for path in files] == [
        "flowers.py",
        "phase1_flowers.py",
        "phase2_flowers.py",
    ]
    make_flowers(tmp_path / "data" / "flowers")
    train = ROOT / "tools" / "train.py"
    for leaf in files[1:]:
        run_tool(train, leaf, "--cfg-options", *QUICK)
    checkpoint = "work_dirs/phase2_flowers/epoch_1.pth"
    test = (ROOT / "tools" / "test.py", files[2], checkpoint, "--cfg-options", *QUICK)
    assert "phase2_flowers" in run_tool(*test)


def test_files_named_in_the_readme_exist():
    named = re.findall(r"\b(?:tools|configs|tests|lpt_mm|docs)/[\w/]+\.\w+", README)
    examples = re.findall(r"# (configs/\S+\.py)", README)
    missing = {path for path in named if not (ROOT / path).exists()} - set(examples)
    assert not missing


def test_components_named_in_the_readme_are_all_there_are():
    table = README.split("## Components")[1].split("\n\n")[2]
    named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|(.*?)\|", table, re.M))))
    registered = set()
    for file in (ROOT / "lpt_mm").rglob("*.py"):
        pattern = r"register_module\(\)\n(?:class|def) (\w+)"
        registered |= set(re.findall(pattern, file.read_text()))
    assert registered == named - {"component"}
