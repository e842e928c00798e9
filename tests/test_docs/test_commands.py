"""The commands of the pages, run as they are written."""

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from tests.conftest import ROOT
from tests.docs_pages import OWN, PAGES, all_blocks, blocks, files

EPOCH = ("train_cfg.max_epochs=1",)
TINY = (  # no weights to fetch, seconds on a CPU
    *EPOCH,
    "model.backbone.arch=deit-tiny",
    "model.backbone.init_cfg=None",
    "train_dataloader.batch_size=2",
    "train_dataloader.num_workers=0",
    "train_dataloader.persistent_workers=False",
    "val_dataloader.num_workers=0",
    "val_dataloader.persistent_workers=False",
    "test_dataloader.num_workers=0",
)
# What goes on from another page comes after it.
STORIES = {
    "flowers": ["README.md", "docs/guide/data.md"],
    "digits": [f"docs/guide/{page}.md" for page in ("train", "use", "looking_closer")],
    "configs": ["docs/guide/configs.md", "docs/guide/recipes.md"],
    "weights": ["docs/guide/weights.md"],
    "reserve": ["docs/guide/collection.md"],
}


def run_line(line, run_here, folder):
    """Run a line of a page in a folder, with as little training as can be."""
    if line.startswith("mv "):
        source, target = shlex.split(line)[1:]
        return shutil.move(folder / source, folder / target)
    for name in re.findall(r"\$\(cat (\S+)\)", line):
        line = line.replace(f"$(cat {name})", (folder / name).read_text().strip())
    tool, *arguments = shlex.split(line.removeprefix("python "))
    if tool in ("tools/train.py", "tools/test.py", "tools/analysis_tools/report.py"):
        arguments += ["--cfg-options", *(TINY if "flowers" in line else EPOCH)]
    return run_here(ROOT / tool, *arguments)


def make_flowers(folder):
    rng = np.random.default_rng(0)
    for name, count in (("daisy", 8), ("rose", 5), ("tulip", 3)):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            image = rng.integers(256, size=(40, 50, 3), dtype=np.uint8)
            Image.fromarray(image).save(folder / name / f"{i}.jpg")


REGIONS = dict(  # of two photographs: class, photograph, upper left corner, photos
    sky=(0, (0, 0), 10),
    temple=(0, (210, 150), 7),
    flower=(1, (150, 260), 4),
    leaf=(1, (0, 0), 2),
)


def make_reserve(folder):
    """Cut photographs into what four cameras have seen, each in a light of its own."""
    photos = load_sample_images().images
    rng = np.random.default_rng(0)
    for camera, light in enumerate((0.7, 0.8, 0.9, 1.0)):
        for name, (photo, corner, count) in REGIONS.items():
            place = folder / "data" / "reserve" / name / f"camera_{camera}"
            place.mkdir(parents=True)
            for i in range(count):
                top, left = np.array(corner) + rng.integers(0, 80, 2)
                cut = photos[photo][top : top + 100, left : left + 100] * light
                Image.fromarray(cut.astype(np.uint8)).save(place / f"{i}.jpg")
    shutil.copytree(folder / "data/reserve/sky/camera_0", folder / "week_31")


@pytest.mark.parametrize("story", STORIES)
def test_unmarked_commands_run(story, run_here, tmp_path):
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    (tmp_path / "lpt_mm").symlink_to(ROOT / "lpt_mm")
    make_flowers(tmp_path / "data" / "flowers")
    shutil.copytree(tmp_path / "data" / "flowers" / "tulip", tmp_path / "photos")
    if story == "reserve":
        make_reserve(tmp_path)
    shown = {}
    for page in STORIES[story]:
        for path, text in files(page).items():
            (tmp_path / path).write_text(text)
        for block in blocks(page):
            for line in block.commands if block.mark is None else ():
                if line not in shown:  # two pages may tell the same
                    shown[line] = run_line(line, run_here, tmp_path)
    if story == "flowers":
        assert len(shown) == 8
        assert any("long_tail/overall" in text for text in shown.values())
        assert "3 images, 0 of them unreadable" in list(shown.values())[-1]
        best = tmp_path.glob("work_dirs/phase2_flowers/best_long_tail_*")
        assert len(list(best)) == 1


def test_every_command_is_run_or_marked():
    told = {page for pages in STORIES.values() for page in pages}
    for block in all_blocks():
        if block.commands and block.mark is None and block.page not in told:
            reliability = (ROOT / "tests" / "test_reliability.py").read_text()
            for command in block.commands:
                script = re.match(r"python tests/reliability/(\w+\.py)", command)
                assert script, f"{block.page}: {command}: neither run nor marked"
                assert script[1] in reliability


def test_commands_that_are_tested_elsewhere_are():
    for block in all_blocks():
        if block.mark == "tested":
            test = (ROOT / block.note).read_text(encoding="utf-8")
            for command in block.commands:
                tool = re.search(r"tools/\S+", command)[0]
                assert Path(tool).name in test, command


def test_tools_configs_and_options_of_all_commands_exist():
    sources = "".join(
        path.read_text(encoding="utf-8")
        for folder in (
            "tools",
            "lpt_mm/engine",
            "tests/reliability",
            "tests/collections",
        )
        for path in (ROOT / folder).rglob("*.py")
    )
    made = {path for page in PAGES for path in files(page)}
    for block in all_blocks():
        for command in block.commands:
            paths = re.findall(r"\b(?:tools|configs|tests)/[\w/]+\.\w+", command)
            gone = [p for p in paths if not (ROOT / p).exists() and p not in made]
            assert [p for p in gone if not OWN.search(p)] == [], command
            options = re.findall(r"(?<= )--[\w-]+", command) if paths else []
            unknown = [o for o in options if f'"{o}"' not in sources and o != "--all"]
            assert unknown == [], command
