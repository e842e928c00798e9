"""The Python lines of docs/guide/use.md run as they are written."""

import shutil

import torch
from mmengine.config import Config

from lpt_mm.inference import publish
from lpt_mm.weights.pretrained_vit import restore_backbone
from lpt_mm.weights.reading import read_file
from tests.docs_pages import blocks
from tests.test_inference.conftest import SHADES, shades  # noqa: F401 (a fixture)


def test_the_lines_of_the_page_run_one_after_the_other(
    shades,  # noqa: F811
    tmp_path,
    monkeypatch,
    capsys,
):
    monkeypatch.chdir(tmp_path)
    shutil.copy(shades.config, "flowers.py")
    (tmp_path / "photos").mkdir()
    for i, path in enumerate(shades.paths[:3], start=1):
        shutil.copy(path, f"photos/{i}.jpg")
    (tmp_path / "photos" / "notes.txt").write_text("no image")
    whole = restore_backbone(read_file(shades.checkpoint), str(shades.backbone))
    torch.save(dict(state_dict=whole.tensors, meta=whole.meta), "whole.pth")
    publish(Config.fromfile(shades.config), "whole.pth", "flowers.safetensors")
    names = {}
    for block in blocks("docs/guide/use.md"):
        if block.mark is None and block.text.startswith(("import", "from")):
            exec(block.text, names)
    lines = [line for line in capsys.readouterr().out.splitlines() if "photos" in line]
    assert sum("cannot read the image" in line for line in lines) == 1
    assert sum(any(shade in line for shade in SHADES) for line in lines) == 3
