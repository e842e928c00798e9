"""Configs out of files build known components, and nothing is done on their word."""

import copy
import re
import sys

import pytest
from mmengine.config import Config

from lpt_mm.inference.building import KNOWN_SOURCES
from lpt_mm.inference.components import check_components
from lpt_mm.inference.packing import make_pack
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.pack import Pack
from lpt_mm.weights.weights import Weights
from tests.test_inference.conftest import CONFIGS, digits_config, save_digits

LEAVES = sorted([*CONFIGS.glob("lpt/*.py"), *CONFIGS.glob("baselines/*.py")])


@pytest.fixture(scope="module")
def parts():
    """Give the parts of a good pack."""
    return dict(
        model=dict(
            type="LPTClassifier",
            backbone=dict(
                type="PromptedViT",
                arch=dict(embed_dims=8, num_layers=2, num_heads=2),
                norm_cfg=dict(type="LN", eps=1e-5),
                layer_cfgs=dict(act_cfg=dict(type="QuickGELU")),
            ),
            neck=dict(type="GroupPromptNeck", topk=2),
            head=dict(type="CosineHead", num_classes=3, loss=dict(type="GCLLoss")),
        ),
        data_preprocessor=dict(
            type="ClsDataPreprocessor", mean=[1, 2.5, 3], std=[1, 1, 1], to_rgb=True
        ),
        pipeline=[
            dict(type="LoadImage"),
            dict(type="Resize", scale=[256, 256], backend="pillow"),
            dict(type="CenterCrop", crop_size=224),
            dict(type="PackInputs", meta_keys=["img_path"]),
        ],
        convention="lpt",
        thresholds=[20, 100],
        balancing={},
    )


def check(parts, path="", value=None):
    """Change a good pack in one place, and check it."""
    parts = copy.deepcopy(parts)
    *owners, last = path.split(".")
    place = parts
    for name in owners:
        place = place[int(name) if name.isdigit() else name]
    if last:
        place[int(last) if last.isdigit() else last] = value
    check_components(Pack(Weights({}, source="'x'"), **parts))


def test_a_good_config_passes(parts):
    check(parts)
    check(parts, "model.head.loss.cls_num_list", [9, 3, 1])
    check(parts, "model.backbone.type", "VisionTransformer")
    check(parts, "model.head.type", "LinearClsHead")
    check(parts, "model.type", "ImageClassifier")


@pytest.mark.parametrize("path", LEAVES, ids=lambda path: path.stem)
def test_the_configs_of_the_package_pass(path, monkeypatch):
    cfg = Config.fromfile(path)
    for name in ("_read_checkpoint", "_compute_bank"):
        monkeypatch.setattr(
            f"lpt_mm.inference.packing.{name}", lambda *_: Weights({}, source="'x'")
        )
    check_components(make_pack(cfg, "x.pth"))


@pytest.mark.parametrize(
    "kind",
    [
        "antigravity",  # a module that opens a browser when it is imported
        "os.system",
        "builtins.exec",
        "mmengine.Config",
        "mmpretrain.TIMMBackbone",
        "torch.nn.Linear",
        "TIMMBackbone",
        "T2T_ViT",
        "TimmClassifier",
        "HuggingFaceClassifier",
        "CLIPZeroShot",
        "MAE",
        "Conv2d",
        "BaseTTAModel",
        "LoRAModel",
        "ImageToImageRetriever",
        "lpt_mm.models.PromptedViT",
        "PromptedViT ",
        "LPTClassifier\n",
        "",
        3,
        None,
        ["PromptedViT"],
        {"type": "PromptedViT"},
    ],
)
@pytest.mark.parametrize("path", ["model.backbone.type", "model.head.loss.type"])
def test_other_components_are_refused_and_nothing_is_imported(parts, path, kind):
    sys.modules.pop("antigravity", None)
    with pytest.raises(WeightFileError, match="'x' is no pack that can be used: "):
        check(parts, path, kind)
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize(
    "kind",
    [
        "LoadImageFromFile",
        "LoadRandomResizedCrop",
        "Albu",
        "RandomApply",
        "Compose",
        "torchvision/Lambda",
        "Collect",
        "PromptedViT",
    ],
)
def test_other_transforms_are_refused(parts, kind):
    with pytest.raises(WeightFileError, match="pipeline"):
        check(parts, "pipeline.0.type", kind)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("model.backbone.init_cfg", {"type": "Pretrained", "checkpoint": "x"}),
        ("model.init_cfg", None),
        ("model.pretrained", "last_checkpoint"),
        ("model.backbone.compile", {"backend": "x"}),
        ("model.train_cfg", {}),
        ("model._base_", "x"),
        ("model.head._delete_", True),
        ("model._scope_", "mmengine"),
        ("model.backbone.arch.a b", 1),
        ("model.backbone.x", "/etc/passwd"),
        ("model.backbone.x", "../x"),
        ("model.backbone.x", "C:\\x"),
        ("model.backbone.x", "x.pth"),
        ("model.backbone.x", "https://example.org/x"),
        ("model.backbone.x", ["good", "timm:x"]),
        ("model.backbone.x", {"y": [{"z": "a b"}]}),
        ("model.backbone.x", "x" * 65),
        ("model.backbone.x", "$HOME"),
        ("model.backbone.x", "é"),
        ("model.backbone.arch.embed_dims", 10**9),
        ("model.backbone.img_size", 10**5),
        ("model.backbone.img_size", [224, 10**5]),
        ("model.backbone.drop_rate", float("nan")),
        ("model.backbone.drop_rate", float("inf")),
        ("model.neck.topk", -(10**30)),
        ("pipeline.1.scale", [10**5, 10**5]),
        ("pipeline.1.scale_factor", 100),
        ("pipeline.2.crop_size", 10**5),
        ("pipeline", [{"type": "LoadImage"}] * 201),
        ("data_preprocessor.pad_size_divisor", 10**5),
        ("data_preprocessor.batch_augments", {"augments": {"type": "Mixup"}}),
        ("data_preprocessor.type", "SelfSupDataPreprocessor"),
        ("data_preprocessor.mean", "x"),
        ("data_preprocessor.std", [[1]]),
        ("convention", "x"),
        ("thresholds", [5, 5]),
    ],
)
def test_other_settings_are_refused(parts, path, value):
    with pytest.raises(WeightFileError, match="'x' is no pack that can be used") as e:
        check(parts, path, value)
    assert len(str(e.value)) < 300


def test_what_is_known_to_fetch_is_what_our_configs_start_from():
    models = (CONFIGS / "_base_" / "models").glob("*.py")
    sources = re.findall(r'"(timm:.*?)"', "".join(p.read_text() for p in models))
    assert sorted(KNOWN_SOURCES) == sorted(sources)


def test_a_config_with_what_packs_cannot_have_is_not_published(tmp_path):
    cfg = digits_config()
    save_digits(tmp_path / "a.pth", cfg)
    cfg.test_dataloader.dataset.pipeline.insert(0, dict(type="Rotate", angle=3))
    with pytest.raises(WeightFileError, match="pipeline.type 'Rotate' is not for pac"):
        check_components(make_pack(cfg, tmp_path / "a.pth"))
