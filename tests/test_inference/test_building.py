"""From a pack to its classifier; what does not fit is refused before it is built."""

from dataclasses import replace

import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS

import lpt_mm
from lpt_mm.inference import Predictor
from lpt_mm.inference.building import KNOWN_SOURCES, find_source
from lpt_mm.inference.packing import make_pack, publish
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import encode_identity
from tests.test_inference.conftest import digits_config, save_digits

IDENTITY = "backbone.identity"


@pytest.fixture
def pack(tmp_path):
    cfg = digits_config("lpt/phase2_digits_lt")
    save_digits(tmp_path / "a.pth", cfg)
    return make_pack(cfg, tmp_path / "a.pth")


def changed(pack, tensors=(), **facts):
    tensors = pack.weights.tensors | dict(tensors)
    return replace(pack, weights=replace(pack.weights, tensors=tensors), **facts)


def named(pack, source):
    """Let a pack name another source of its backbone."""
    identity = pack.weights.identity | dict(source=source)
    return changed(pack, {IDENTITY: encode_identity(identity)})


def load(pack, tmp_path, **options):
    pack.save(tmp_path / "x.safetensors")
    return lpt_mm.load(tmp_path / "x.safetensors", device="cpu", **options)


def test_backbones_of_the_package_and_of_our_configs_are_known(pack):
    assert find_source(pack) == "lpt_mm:vit_glyphs"
    for source in KNOWN_SOURCES:
        assert find_source(named(pack, source)) == source


@pytest.mark.parametrize(
    "source",
    [
        "weights/vit.pth",
        "/etc/passwd",
        "https://example.org/vit.pth",
        "timm:vit_tiny_patch16_224",
        "timm:hf-hub:someone/vit",
        "timm:vit_base_patch16_224.augreg_in21k/../x",
        "",
        None,
        ["lpt_mm:vit_glyphs"],
    ],
)
def test_others_are_for_the_user_to_name(pack, tmp_path, source):
    pack = named(pack, source)
    with pytest.raises(WeightFileError, match=r"name its file with --backbone FILE"):
        load(pack, tmp_path)
    (tmp_path / "x.safetensors").unlink()
    assert load(pack, tmp_path, backbone="lpt_mm:vit_glyphs")


def test_a_source_of_the_package_that_is_none_is_refused(pack, tmp_path):
    with pytest.raises(WeightFileError, match="comes with no backbone '../../x'"):
        load(named(pack, "lpt_mm:../../x"), tmp_path)


def test_the_file_of_the_backbone_is_given(shades, tmp_path):
    cfg = str(shades.config)
    pack = make_pack(Config.fromfile(cfg), shades.checkpoint)
    with pytest.raises(WeightFileError, match=r"vit\.pth.*name its file"):
        load(pack, tmp_path)
    (tmp_path / "x.safetensors").unlink()
    predictor = load(pack, tmp_path, backbone=str(shades.backbone))
    expected = Predictor.from_config(cfg, shades.checkpoint).embed(shades.paths)
    torch.testing.assert_close(predictor.embed(shades.paths), expected)


def test_another_backbone_is_refused(pack, tmp_path):
    vit = MODELS.build(dict(pack.model["backbone"], prompt_mode="none"))
    torch.save(vit.state_dict(), tmp_path / "other.pth")
    with pytest.raises(WeightFileError, match=r"was trained on .*vit_glyphs.* is anot"):
        load(pack, tmp_path, backbone=str(tmp_path / "other.pth"))


def test_a_backbone_of_another_shape_is_refused_before_it_is_loaded(shades, tmp_path):
    cfg = digits_config()
    save_digits(tmp_path / "a.pth", cfg)
    pack = make_pack(cfg, tmp_path / "a.pth")
    with pytest.raises(WeightFileError, match="does not fit the backbone"):
        load(pack, tmp_path, backbone=str(shades.backbone))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(neck=dict(topk=3, pool_size=21)), "does not fit the config"),
        (dict(backbone=dict(prompt_length=10**6)), "does not fit the config"),
        (dict(backbone=dict(nonsense=3)), "cannot be built"),
        (dict(backbone=dict(arch="nonsense")), "cannot be built"),
        (dict(backbone=dict(img_size=4096)), "takes images of 4,194,305 patches"),
        (dict(backbone=dict(type="CrossEntropyLoss")), "cannot be built"),
        (dict(type="LinearHead"), "cannot be built"),
        (dict(neck=dict(topk=50)), "topk must be in 1"),
        (dict(head=dict(dropout=[])), "cannot be built"),
    ],
)
def test_a_config_that_does_not_go_with_its_tensors_is_refused(
    pack, tmp_path, changes, message
):
    model = dict(pack.model)
    for name, value in changes.items():
        model[name] = model[name] | value if isinstance(value, dict) else value
    with pytest.raises(UserError, match=message) as error:
        load(changed(pack, model=model), tmp_path)
    assert "\n" not in str(error.value)


SMALL = dict(embed_dims=8, num_heads=2)
LAYERS = dict(SMALL, num_layers=10**6, feedforward_channels=8)
DEPTHS = dict(
    layers=[10**6] * 4,
    embed_dims=[8] * 4,
    mlp_ratios=[4] * 4,
    layer_scale_init_value=1e-5,
)


@pytest.mark.parametrize(
    "backbone",
    [
        dict(type="PromptedViT", arch=LAYERS),
        dict(type="XCiT", depth=1, mlp_ratio=4, cls_attn_layers=10**6, **SMALL),
        dict(type="PoolFormer", arch=DEPTHS),
    ],
    ids=lambda backbone: backbone["type"],
)
def test_a_model_of_ever_more_parts_is_refused(pack, tmp_path, backbone):
    with pytest.raises(WeightFileError, match=r"more than 10,000 modules"):
        load(changed(pack, model=pack.model | dict(backbone=backbone)), tmp_path)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"head.weight": torch.zeros(64, 9)}, "does not fit the config"),
        ({"head.weight": torch.full((64, 10), torch.nan)}, "no finite numbers"),
        ({"head.weight": torch.zeros(64, 10, dtype=torch.int64)}, "int64"),
        ({"more": torch.zeros(1)}, "left over: more"),
        ({IDENTITY: torch.zeros(3, dtype=torch.uint8)}, "identity is damaged"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(pack, tmp_path, tensors, message):
    with pytest.raises(WeightFileError, match=message):
        load(changed(pack, tensors), tmp_path)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("bank_label", lambda label: label + 9),
        ("bank_label", lambda label: label - 1),
        ("bank_label", lambda label: label[:-1]),
        ("bank_label", lambda label: label.float()),
        ("bank_label", lambda label: label[:0]),
        ("bank", lambda bank: bank[:0]),
        ("bank", lambda bank: bank[:, :3]),
        ("bank", lambda bank: bank[0, 0]),
        ("bank", lambda bank: bank * torch.inf),
    ],
)
def test_a_bank_that_is_none_is_refused(knn, tmp_path, name, change):
    tensor = change(knn.weights.tensors[f"head.{name}"])
    with pytest.raises(WeightFileError, match="head.bank|features of no class"):
        load(changed(knn, {f"head.{name}": tensor}), tmp_path)


def untrained(folder, name):
    cfg = digits_config(f"baselines/{name}_digits_lt")
    cfg.merge_from_dict({"work_dir": str(folder), "log_level": "ERROR"})
    return make_pack(cfg, None)


@pytest.fixture(scope="module")
def knn(tmp_path_factory):
    return untrained(tmp_path_factory.mktemp("knn"), "knn")


def test_weights_of_gda_that_are_none_are_refused(tmp_path):
    gda = untrained(tmp_path, "gda")
    bank, bias = (gda.weights.tensors[f"head.{x}"] for x in ("bank", "bias"))
    changes = (
        {"head.bank": bank[:9], "head.bank_label": torch.arange(9)},
        {"head.bias": bias[:9]},
        {"head.bias": bias * torch.nan},
    )
    for i, change in enumerate(changes):
        (folder := tmp_path / str(i)).mkdir()
        with pytest.raises(WeightFileError, match=r"head\.(bank|bias)"):
            load(changed(gda, change), folder)


def test_a_pack_without_its_bank_is_refused(knn, tmp_path):
    kept = {k: v for k, v in knn.weights.tensors.items() if "bank" not in k}
    with pytest.raises(WeightFileError, match="bank"):
        load(replace(knn, weights=replace(knn.weights, tensors=kept)), tmp_path)


def test_bfloat16_is_refused_where_all_was_trained(tmp_path):
    cfg = digits_config("baselines/fine_tuning_digits_lt")
    save_digits(tmp_path / "a.pth", cfg)
    publish(cfg, tmp_path / "a.pth", tmp_path / "a.safetensors")
    with pytest.raises(UserError, match="is for frozen=True"):
        lpt_mm.load(tmp_path / "a.safetensors", frozen_dtype="bfloat16")
