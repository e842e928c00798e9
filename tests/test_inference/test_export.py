"""An exported file computes what its model does, for batches of any size."""

import json
from dataclasses import replace

import onnx
import onnxruntime
import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn
from torch.testing import assert_close

import lpt_mm
from lpt_mm.engine.run_config import load_config
from lpt_mm.inference import file_formats
from lpt_mm.inference.agreement import require_agreement
from lpt_mm.inference.export import export
from lpt_mm.inference.file_formats import FORMATS
from lpt_mm.inference.packing import publish
from lpt_mm.models.heads.feature_bank_head import FeatureBankHead
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.pack import read_pack
from tests.conftest import ROOT
from tests.test_inference.conftest import set_means
from tests.test_weights.test_families import FAMILIES, build_timm, small_arch

TOOL = ROOT / "tools" / "model_converters" / "export.py"
NECK = dict(
    type="GroupPromptNeck", pool_size=5, topk=2, prompt_length=3, num_shared_layers=1
)
COSINE, LINEAR = (
    dict(type=f"{kind}Head", num_classes=4) for kind in ("Cosine", "Linear")
)
# Family of weights, backbone, neck, head, format, whether preprocessing is inside.
CASES = {
    "augreg, phase 2": (*("vit_small_patch16_224", {}, NECK, COSINE, "onnx", True),),
    "clip, phase 1": (
        *("vit_base_patch16_clip_quickgelu_224", {}, None, LINEAR, "onnx", False),
    ),
    "augreg, phase 2, centred": (
        *("vit_small_patch16_224", {}, dict(NECK, center=True)),
        *(dict(COSINE, center=True), "onnx", False),
    ),
    "augreg, phase 2, residual, centred": (
        *("vit_small_patch16_224", {}, dict(NECK, matching="residual", center=True)),
        *(COSINE, "onnx", True),
    ),
    "augreg, phase 2, soft, query of layer K": (
        *("vit_small_patch16_224", {}, dict(NECK, matching="soft", query="layer_k")),
        *(COSINE, "onnx", False),
    ),
    "dinov2, phase 2, residual": (
        *("vit_small_patch14_dinov2", {}, dict(NECK, matching="residual"), COSINE),
        *("exported_program", False),
    ),
    "dinov2, phase 2, soft, noise and frozen keys in training": (
        *("vit_small_patch14_dinov2", {}),
        dict(NECK, matching="soft", choice_noise=1.0, frozen_keys=True),
        *(COSINE, "exported_program", True),
    ),
    "augreg, GDA": (
        *("vit_small_patch16_224", {}, None, dict(type="GDAHead", num_classes=4)),
        *("onnx", False),
    ),
    "dinov2, phase 2, query of layer K": (
        *("vit_small_patch14_dinov2", {}, dict(NECK, query="layer_k"), COSINE),
        *("exported_program", True),
    ),
    "swiglu, shallow prompt": (
        *("vit_giant_patch14_dinov2", dict(prompt_mode="shallow"), None, LINEAR),
        *("exported_program", False),
    ),
}


def build(family, backbone, neck, head, folder):
    settings = FAMILIES[family]
    settings = dict(settings, arch=small_arch(settings["arch"]))
    size = settings.get("patch_size", 16)
    timm_vit = build_timm(family, size, settings["arch"]["embed_dims"])
    torch.save(timm_vit.state_dict(), folder / "vit.pth")
    init_cfg = dict(type="PretrainedViT", checkpoint=str(folder / "vit.pth"))
    backbone = dict(settings, type="PromptedViT", img_size=2 * size, **backbone)
    backbone = dict(backbone, prompt_length=3, init_cfg=init_cfg)
    preprocessor = dict(mean=[100.0, 120.0, 140.0], std=[50.0, 60.0, 70.0], to_rgb=True)
    cfg = dict(type="LPTClassifier", backbone=backbone, neck=neck, head=head)
    model = MODELS.build(dict(cfg, data_preprocessor=preprocessor))
    model.init_weights()
    trained = [model.backbone.shared_prompts, *model.head.parameters()]
    for parameter in trained + list(model.neck.parameters() if neck else ()):
        nn.init.normal_(parameter)
    set_means(model)
    if isinstance(model.head, FeatureBankHead):
        feature = torch.randn(20, model.backbone.embed_dims)
        model.head.fill(feature, torch.arange(20) % 4)
    return model


def open_onnx(file):
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    model = onnx.load(file)
    assert {x.domain: x.version for x in model.opset_import}[""] == 20
    names = {tensor.name for tensor in model.graph.initializer}
    metadata = session.get_modelmeta().custom_metadata_map

    def run(images):
        scores, features = session.run(None, {"images": images.numpy()})
        return dict(scores=torch.tensor(scores), features=torch.tensor(features))

    return run, metadata, names


def open_program(file):
    metadata = {"class_names": "", "mean": "", "channels": "", "image_size": ""}
    program = torch.export.load(file, extra_files=metadata)
    return program.module(), metadata, set(program.state_dict)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@torch.no_grad()
def test_every_family_is_exported(case, tmp_path):
    *parts, to, with_preprocessing = case
    model = build(*parts, tmp_path)
    out = tmp_path / ("m.onnx" if to == "onnx" else "m.pt2")
    exported = export(model, out, to, with_preprocessing, ["a", "é", "c", "d"])
    assert exported.size == out.stat().st_size
    run, metadata, names = (open_onnx if to == "onnx" else open_program)(out)
    # Of a deep prompt there are keys and values alone.
    is_shallow = model.backbone.prompt_mode == "shallow"
    assert any("shared_prompts" in name for name in names) == is_shallow
    size = list(model.backbone.img_size)
    facts = {name: json.loads(text) for name, text in metadata.items()}
    assert facts["class_names"] == ["a", "é", "c", "d"]
    assert (facts["mean"], facts["channels"]) == ([100, 120, 140], "RGB")
    assert facts["image_size"] == size
    model.eval()
    for batch_size in (1, 9):
        images = torch.randint(256, (batch_size, 3, *size), dtype=torch.uint8)
        inputs = (images - torch.tensor([100, 120, 140.0]).view(3, 1, 1)) / (
            torch.tensor([50.0, 60, 70]).view(3, 1, 1)
        )
        found = run(images if with_preprocessing else inputs)
        expected = model(inputs, mode="tensor").softmax(dim=1)
        assert_close(found["scores"], expected, rtol=0, atol=1e-5)
        features = model.extract_feat(inputs, stage="pre_logits")
        assert_close(found["features"], features, rtol=0, atol=1e-4)
        assert batch_size == 1 or features.std(dim=0).max() > 0.01


def test_the_tool_exports_a_pack(shades, run_here, tmp_path):
    pack = tmp_path / "p.safetensors"
    publish(load_config(str(shades.config)), shades.checkpoint, pack)
    options = ("--to", "exported_program", "--with-preprocessing", "--out", "m.pt2")
    warm = tmp_path / "warm.safetensors"
    replace(read_pack(pack), calibration=dict(temperature=dict(all=2.0))).save(warm)
    options = (warm, *options, "--backbone", shades.backbone)
    said = run_here(TOOL, *options)
    assert "its scores are within" in said
    assert "The pack has a temperature; the file's scores have none." in said
    predictor = lpt_mm.load(pack, str(shades.backbone))
    bgr = torch.stack([predictor.prepare(path) for path in shades.paths])
    program = torch.export.load(tmp_path / "m.pt2").module()
    scores, labels = program(bgr.flip(1))["scores"].max(dim=1)
    predictions = predictor(shades.paths)
    assert labels.tolist() == [prediction.label for prediction in predictions]
    expected = torch.tensor([prediction.score for prediction in predictions])
    assert_close(scores, expected, rtol=0, atol=1e-5)
    assert "exists and is not overwritten" in run_here(TOOL, *options, fails=True)


EXPECTED = dict(
    scores=torch.tensor([[0.6, 0.4], [0.50005, 0.49995]]),
    features=torch.tensor([[2.0, 0], [0, 1]]),
)
CHANGES = {
    "scores": lambda: dict(EXPECTED, scores=EXPECTED["scores"] + 2e-4),
    "no numbers": lambda: dict(EXPECTED, scores=EXPECTED["scores"] * torch.nan),
    "features": lambda: dict(EXPECTED, features=EXPECTED["features"] + 3e-4),
    "labels": lambda: dict(
        EXPECTED, scores=torch.tensor([[0.6, 0.4], [0.49998, 0.50002]])
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_file_that_computes_something_else_is_refused(change):
    batches = [torch.zeros(2, 3, 4, 4)]
    close = dict(EXPECTED, scores=EXPECTED["scores"] + 4e-5)
    difference = require_agreement(lambda images: close, batches, [EXPECTED])
    assert difference == pytest.approx(4e-5, rel=1e-2)
    with pytest.raises(UserError, match="differs from the model for 2 images"):
        require_agreement(lambda images: change(), batches, [EXPECTED])


def test_what_is_refused_leaves_nothing(tmp_path, monkeypatch):
    model = build("vit_small_patch16_224", {}, None, LINEAR, tmp_path)
    zeros = dict(scores=torch.zeros(1, 4), features=torch.zeros(1, 48))
    wrong = FORMATS["onnx"]._replace(
        write=lambda graph, images, file, metadata: file.write_bytes(b"graph"),
        open=lambda file: lambda images: zeros,
    )
    monkeypatch.setitem(FORMATS, "onnx", wrong)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UserError, match="it was not kept"):
        export(model, tmp_path / "m.onnx", "onnx")
    monkeypatch.setattr(file_formats, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install onnx onnxscript onnxruntime"):
        export(model, tmp_path / "m.onnx", "onnx")
    with pytest.raises(UserError, match="must be one of"):
        export(model, tmp_path / "m.onnx", "tflite")
    assert sorted(tmp_path.iterdir()) == before


def test_other_backbones_are_refused(tmp_path):
    backbone, head = dict(type="ResNet_CIFAR", depth=18), dict(type="LinearClsHead")
    head |= dict(num_classes=3, in_channels=512)
    model = MODELS.build(dict(type="ImageClassifier", backbone=backbone, head=head))
    with pytest.raises(UserError, match="only vision transformers .* a ResNet_CIFAR$"):
        export(model, tmp_path / "m.pt2", "exported_program")


def test_onnx_holds_two_gibibytes():
    huge = nn.Linear(25_000, 25_000, device="meta")
    with pytest.raises(UserError, match="exported_program"):
        FORMATS["onnx"].require_possible(huge)
    FORMATS["exported_program"].require_possible(huge)
