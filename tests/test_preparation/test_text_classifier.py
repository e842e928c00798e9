"""Classifiers from text, with random weights of a tiny CLIP."""

import json
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.testing import assert_close

from lpt_mm.preparation import text_classifier
from lpt_mm.preparation.text_classifier import make_text_classifier, text_weights
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.head_weight import read_head_weight
from lpt_mm.weights.reading import read_file
from tests.conftest import ROOT

open_clip = pytest.importorskip("open_clip")

CONFIG = dict(
    embed_dim=12,
    vision_cfg=dict(image_size=16, layers=1, width=64, patch_size=8),
    text_cfg=dict(context_length=16, vocab_size=49408, width=8, heads=2, layers=1),
)
TOOL = ROOT / "tools" / "model_converters" / "text_classifier.py"
NAMES = ["cat", "great white shark", "Ångström"]
TEMPLATES = ["a photo of a {class}.", "{class}, drawn: {class} {}", "the {class}"]


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Let open_clip know a tiny model, with weights in a file."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "ViT-tiny.json").write_text(json.dumps(CONFIG))
    known = dict(open_clip.factory._MODEL_CONFIGS)
    monkeypatch.setattr(open_clip.factory, "_MODEL_CONFIGS", known)
    paths = list(open_clip.factory._MODEL_CONFIG_PATHS)
    monkeypatch.setattr(open_clip.factory, "_MODEL_CONFIG_PATHS", paths)
    open_clip.add_model_config(tmp_path / "configs")
    model = open_clip.CLIP(**CONFIG).eval()
    save_file(model.state_dict(), tmp_path / "clip.safetensors")
    (tmp_path / "names.txt").write_text("\n".join(NAMES) + "\n", encoding="utf-8")
    return model


def unit(vector):
    return vector / np.linalg.norm(vector)


@torch.no_grad()
def expected_weights(model, templates):
    """Compute the formula text by text."""
    projection = model.visual.proj.numpy().astype(np.float64)  # (D, E)
    rows = []
    for name in NAMES:
        texts = [text.replace("{class}", name) for text in templates]
        tokens = [open_clip.tokenize([text], context_length=16) for text in texts]
        directions = [unit(model.encode_text(t)[0].double().numpy()) for t in tokens]
        text = unit(np.mean(directions, axis=0))
        rows.append(unit(text @ projection.T))
    return torch.from_numpy(np.stack(rows)).float()


@pytest.mark.parametrize("templates", [TEMPLATES[:1], TEMPLATES])
@pytest.mark.parametrize("at_a_time", [2, 256])
def test_weights_are_texts_before_the_projection(
    tiny, templates, at_a_time, monkeypatch
):
    monkeypatch.setattr(text_classifier, "TEXTS_AT_A_TIME", at_a_time)
    tokenize = open_clip.SimpleTokenizer(context_length=16)
    with torch.no_grad():
        weight = text_weights(tiny, tokenize, NAMES, templates)
    assert_close(weight, expected_weights(tiny, templates), rtol=1e-4, atol=1e-5)


def test_the_tool_writes_what_a_head_reads(tiny, run_here, tmp_path):
    (tmp_path / "texts.txt").write_text("\n".join(TEMPLATES))
    options = ("--model", "ViT-tiny", "--pretrained", "clip.safetensors")
    command = ("--names", "names.txt", *options, "--out", "w.safetensors")
    names = (tmp_path / "names.txt").read_text(encoding="utf-8")
    (tmp_path / "names.txt").write_text(names, encoding="utf-8-sig")  # of Windows
    run_here(TOOL, *command, "--templates", "texts.txt")
    path = tmp_path / "w.safetensors"
    weight = read_head_weight(path, (3, 64), tuple(NAMES))
    assert_close(weight, expected_weights(tiny, TEMPLATES), rtol=1e-4, atol=1e-5)
    assert read_file(path).meta["dataset_meta"]["classes"] == NAMES
    assert "exists" in run_here(TOOL, *command, fails=True)


def test_what_does_not_fit_is_refused_in_a_line(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = dict(names="names.txt", out="w.safetensors", pretrained="clip.safetensors")
    empty = tmp_path / "empty.txt"
    empty.write_text("cat\n\ndog")
    (tmp_path / "latin.txt").write_bytes("Ångström".encode("latin-1"))
    for change, message in (
        (dict(model="ViT-none"), "open_clip has no model 'ViT-none': .*ViT-B-16"),
        (dict(model="ViT-B-32"), "'clip.safetensors' does not fit ViT-B-32"),
        (dict(model="RN50"), "no plain CLIP with a vision transformer"),
        (dict(model="ViT-tiny", pretrained="x"), "no file 'x', .*no such weights"),
        (dict(model="ViT-tiny", names="empty.txt"), "empty line"),
        (dict(model="ViT-tiny", names="latin.txt"), "'latin.txt' is no text in UTF-8"),
        (dict(model="ViT-tiny", templates="names.txt"), "without {class}: 'cat'"),
    ):
        with pytest.raises(UserError, match=message) as error:
            make_text_classifier(**given | change)
        assert "\n" not in str(error.value)
    assert not (tmp_path / "w.safetensors").exists()


def test_a_file_of_weights_is_never_unpickled(tiny, tmp_path):
    torch.save(dict(state_dict=tiny, x=tiny), tmp_path / "clip.pth")
    arguments = str(tmp_path / "names.txt"), str(tmp_path / "w.safetensors")
    with pytest.raises(UserError, match="no code in a file is ever run"):
        make_text_classifier(*arguments, "ViT-tiny", str(tmp_path / "clip.pth"))


def test_without_open_clip_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "open_clip", None)
    (tmp_path / "names.txt").write_text("cat")
    with pytest.raises(UserError, match=r"need open_clip: pip install 'lpt_mm\[text"):
        make_text_classifier(str(tmp_path / "names.txt"), str(tmp_path / "w.x"))
