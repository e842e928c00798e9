"""The commands of docs/guide/use.md with tools/demo.py, as they are written."""

import shlex

import numpy as np
import pytest
from PIL import Image

from lpt_mm.demo import serving
from lpt_mm.inference import publish
from lpt_mm.weights.pack import read_pack
from tests.conftest import ROOT
from tests.docs_pages import blocks
from tests.test_collection.made_up import write_set
from tests.test_inference.conftest import digits_config, save_digits

COMMANDS = [
    command
    for block in blocks("docs/guide/use.md")
    for command in block.commands
    if "tools/demo.py" in command
]
# The tasks of each, how many have neighbours, and how many images wait.
EXPECTED = [
    (["digits"], 0, None),
    (["birds", "trees"], 2, None),
    (["birds"], 0, 3),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("gradio", reason="the extra demo is not installed")
    folder = tmp_path_factory.mktemp("tool")
    rng = np.random.default_rng(0)
    (folder / "photos").mkdir()
    for i in range(3):
        pixels = rng.integers(256, size=(8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "photos" / f"{i}.png")
    cfg = digits_config()
    save_digits(folder / "digits.pth", cfg)
    for i, name in enumerate(("digits", "birds", "trees")):
        if name == "trees":  # another model of the same backbone
            save_digits(folder / "digits.pth", cfg)
        pack = folder / f"{name}.safetensors"
        publish(digits_config(), str(folder / "digits.pth"), str(pack))
        if i:
            score = rng.normal(size=(4, 10))
            feature = rng.normal(size=(4, cfg.model.backbone.arch.embed_dims))
            made = (score, [0, 1, 2, -1], feature)
            write_set(folder / f"{name}_train", read_pack(pack), *made)
    return folder


@pytest.mark.parametrize(
    ("command", "expected"),
    list(zip(COMMANDS, EXPECTED, strict=True)),
    ids=COMMANDS,
)
def test_a_command_serves_what_it_says(
    command, expected, folder, run_here, monkeypatch, tmp_path
):
    for path in folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    served = []

    def serve(*arguments):
        served.append(arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(serving, "serve", serve)
    monkeypatch.setattr(serving, "find_port", lambda host, port: port)
    _, tool, *options = shlex.split(command)
    assert "stopped" in run_here(ROOT / tool, *options, fails=True)
    ((models, decisions, host, port),) = served
    tasks, neighbours, images = expected
    assert list(models.predictors) == tasks
    photo = models.examine(tmp_path / "photos" / "0.png")
    assert sum(bool(x.neighbours) for x in photo.found.values()) == neighbours
    assert (None if decisions is None else len(decisions)) == images
    assert (host, port) == ("127.0.0.1", 7860)
    assert (tmp_path / "decisions.csv").exists() == (images is not None)
