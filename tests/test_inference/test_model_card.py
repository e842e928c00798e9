"""The card of a pack, as Hugging Face reads it."""

import json

import yaml

from lpt_mm.inference.model_card import write_model_card
from lpt_mm.inference.packing import publish
from tests.conftest import ROOT
from tests.test_collection.made_up import write_pack
from tests.test_inference.conftest import digits_config, save_digits

REPORT = {
    "long_tail/overall": 91.256,
    "long_tail/few": 80.0,
    "long_tail/worst_class": "<b>",
    "shot_groups": "lpt: few <= 15 < medium <= 40 < many",
    "classes": [
        dict(name=str(i), train_images=count)
        for i, count in enumerate((100, 71, 51, 36, 26, 18, 13, 9, 6, 5))
    ],
}


def make_card(folder, name, report=None, classes=tuple("0123456789")):
    cfg, names = digits_config(), dict(classes=classes)
    cfg.train_dataloader.dataset.dataset.metainfo = names
    save_digits(folder / "a.pth", cfg, dataset_meta=names)
    if report is not None:
        (folder / "report.json").write_text(json.dumps(report))
        report = str(folder / "report.json")
    publish(cfg, folder / "a.pth", folder / name, report)
    write_model_card(folder / name, folder / "README.md")
    _, front, text = (folder / "README.md").read_text().split("---\n", 2)
    return yaml.safe_load(front), text


def test_the_card_has_front_matter_numbers_and_classes(tmp_path):
    front, text = make_card(tmp_path, "digits.safetensors", REPORT)
    assert front["pipeline_tag"] == "image-classification"
    (model,) = front["model-index"]
    assert [(m["name"], m["value"]) for m in model["results"][0]["metrics"]] == [
        ("overall", 91.26),
        ("few", 80.0),
    ]
    assert "lpt_mm.load('digits.safetensors')" in text
    assert "| overall | 91.26 |" in text
    assert "worst" not in text  # it is no number
    assert "- 335 images, 5 to 100 a class" in text
    assert "| 0 | 100 |" in text
    assert "lpt\\_mm:vit\\_glyphs" in text


def test_what_training_did_is_no_markup(tmp_path):
    balancing = {"<b>\n# x": "y", "prior_power": 0.123}
    write_pack(tmp_path / "a.safetensors", balancing=balancing)
    write_model_card(tmp_path / "a.safetensors", tmp_path / "a.md")
    text = (tmp_path / "a.md").read_text()
    assert "- prior power: 0.12\n" in text
    assert "<b>" not in text
    assert "\n# x" not in text


def test_text_of_others_is_no_markup(tmp_path):
    classes = tuple(f"<script>{i}|`x`\n# {i}" for i in range(10))
    front, text = make_card(tmp_path, "d.safetensors", classes=classes)
    assert "model-index" not in front
    assert "<script>" not in text
    assert "\n# 3" not in text
    assert "\\<script\\>3\\|" in text


def test_a_file_that_exists_stays(tmp_path, run_here):
    make_card(tmp_path, "d.safetensors")
    tool = ROOT / "tools" / "model_converters" / "model_card.py"
    said = run_here(tool, "d.safetensors", "--out", "README.md", fails=True)
    assert "'README.md' exists and is not overwritten" in said
