"""Which crops are averaged, how, and what makes them of a test pipeline."""

import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmpretrain.models import ResNet
from mmpretrain.registry import TRANSFORMS
from PIL import Image
from torch.testing import assert_close
from torchvision.transforms.functional import five_crop

from lpt_mm.datasets.training_images import pipeline_of
from lpt_mm.engine.crop_ensemble import CropEnsemble
from lpt_mm.models.backbones import PromptedViT
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.skeleton import build_skeleton
from tests.conftest import ROOT

ARCH = dict(embed_dims=8, num_layers=1, num_heads=1, feedforward_channels=8)
BILINEAR = dict(backend="pillow", interpolation="bilinear")
SHORT = dict(type="ResizeEdge", scale=256, edge="short", **BILINEAR)
CROP = dict(type="CenterCrop", crop_size=224)
LOAD, PACK = dict(type="LoadImage"), dict(type="PackInputs")


def vit(img_size=224, patch_size=16, **kwargs):
    return PromptedViT(arch=ARCH, img_size=img_size, patch_size=patch_size, **kwargs)


def run(pipeline, image):
    """Run transforms on an image of Pillow."""
    transforms = Compose([TRANSFORMS.build(dict(t)) for t in pipeline])
    return transforms(dict(img=np.array(image)))["inputs"]


def random_image(width, height, mode="RGB"):
    shape = (height, width, 3)
    pixels = np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def expected_crops(image, width, height, size):
    """Resize an image to width and height, and cut five crops, all by Pillow."""
    crops = five_crop(image.resize((width, height), Image.BILINEAR), size)
    pixels = [np.array(crop).reshape(size, size, -1) for crop in crops]
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2)


@pytest.mark.parametrize("size", [(300, 260), (100, 240), (248, 248)])
def test_a_test_by_the_short_side_is_the_plain_recipe(size):
    image = random_image(*size)
    ensemble = CropEnsemble.of(vit())
    assert ensemble == CropEnsemble(expand=24, num_crops=5, mean="logits")
    found = run(ensemble.pipeline([SHORT, CROP, PACK], vit()), image)
    short = min(size)
    wanted = expected_crops(image, *(int(248 * side / short) for side in size), 224)
    assert torch.equal(found, wanted)


@pytest.mark.parametrize(
    ("resize", "sides"),
    [
        (dict(type="Resize", scale=(256, 256), **BILINEAR), (248, 248)),
        (dict(type="Resize", scale=[512, 256], **BILINEAR), (496, 248)),
        (dict(type="Resize", scale=256, **BILINEAR), (248, 248)),
        (dict(type="Resize", scale=(256, 512), keep_ratio=True, **BILINEAR), None),
        (dict(type="mmpretrain.ResizeEdge", scale=300, edge="long", **BILINEAR), None),
        (None, None),
    ],
)
def test_images_are_stretched_as_the_test_stretches_them(resize, sides):
    image = random_image(100, 50)
    pipeline = [*filter(None, [resize]), CROP, PACK]
    found = run(CropEnsemble(24).pipeline(pipeline, vit()), image)
    assert torch.equal(found, expected_crops(image, *(sides or (496, 248)), 224))


@pytest.mark.parametrize("name", ["places_lt", "cifar100_lt", "imagenet_lt", "inat18"])
def test_the_configs_of_the_data_sets_are_understood(name):
    cfg = Config.fromfile(ROOT / "configs" / "_base_" / "datasets" / f"{name}.py")
    pipeline = CropEnsemble(24).pipeline(
        pipeline_of(cfg.test_dataloader.dataset), vit()
    )
    resize, crops, packing = pipeline[-3:]
    assert (resize["scale"], crops["crop_size"], packing) == ((248, 248), 224, PACK)
    assert pipeline[:-3] == ([] if name == "cifar100_lt" else [LOAD])


@pytest.mark.parametrize(
    ("name", "mode", "expand", "size"),
    [("digits_lt", "L", 3, 8), ("cifar10_jpeg_lt", "RGB", 6, 24)],
)
def test_small_images_become_larger(name, mode, expand, size):
    cfg = Config.fromfile(ROOT / "configs" / "lpt" / f"phase1_{name}.py")
    backbone = build_skeleton(cfg.model).backbone
    ensemble = CropEnsemble.of(backbone)
    assert ensemble.expand == expand
    pipeline = ensemble.pipeline(pipeline_of(cfg.test_dataloader.dataset), backbone)
    image = random_image(size, size, mode)
    pipeline = [t for t in pipeline if t != LOAD]
    wanted = expected_crops(image, size + expand, size + expand, size)
    assert torch.equal(run(pipeline, image), wanted)


@pytest.mark.parametrize(
    "pipeline", [[PACK], [CROP, PACK], [dict(SHORT, scale=224), CROP, PACK]]
)
def test_one_crop_without_room_is_the_image_of_the_test(pipeline):
    image = random_image(224, 224)
    found = run(CropEnsemble(0, num_crops=1).pipeline(pipeline, vit()), image)
    assert torch.equal(found, run(pipeline, image)[None])


@pytest.mark.parametrize(
    ("pipeline", "words"),
    [
        (
            [LOAD, dict(type="EfficientNetCenterCrop", crop_size=9), PACK],
            "EfficientNetC",
        ),
        ([LOAD, dict(type="ColorJitter"), PACK], "has ColorJitter, and only loading"),
        ([LOAD, CROP, SHORT, PACK], "has ResizeEdge"),
        ([LOAD, CROP, CROP, PACK], "has CenterCrop"),
        ([dict(type="Resize", scale_factor=2), PACK], "needs a scale"),
        ([dict(type="Resize", scale="x"), PACK], "needs a scale.* got 'x'"),
        ([dict(type="Resize", scale=(0, 0)), PACK], "needs a scale"),
        ([dict(type="Resize", scale=(1, 4096)), PACK], "more than 100 times the other"),
        ([dict(type="CenterCrop", crop_size=(8, 9)), PACK], "are square.*got .8, 9."),
    ],
)
def test_other_transforms_are_refused(pipeline, words):
    with pytest.raises(UserError, match=words):
        CropEnsemble(4).pipeline(pipeline, vit())


def test_other_values_are_refused():
    for expand in (-1, 2.5, True, "3", None):
        with pytest.raises(UserError, match="expand must be 0 or more pixels"):
            CropEnsemble(expand)
    with pytest.raises(UserError, match="num_crops must be one of"):
        CropEnsemble(3, num_crops=4)
    with pytest.raises(UserError, match="mean must be one of"):
        CropEnsemble(3, mean="votes")
    with pytest.raises(UserError, match="do not overlap"):
        CropEnsemble(225).pipeline([CROP], vit())
    with pytest.raises(UserError, match="ResNet has no patches, name"):
        CropEnsemble.of(ResNet(18))
    with pytest.raises(UserError, match="needs a CenterCrop"):
        CropEnsemble(3).pipeline([LOAD, PACK], ResNet(18))
    with pytest.raises(UserError, match="tta needs"):
        CropEnsemble.from_facts(dict(expand=3, num_crops=5, mode="logits"))


def test_it_comes_back_from_json():
    ensemble = CropEnsemble(21, 10, "probabilities")
    assert CropEnsemble.from_facts(ensemble.facts()) == ensemble
    assert CropEnsemble.of(vit(patch_size=14)).expand == 21


def test_means_are_those_of_logits_or_of_probabilities():
    logits = torch.tensor([[[4.0, 0.0, 1.0]], [[0.0, 1.0, 0.0]]])
    by_logits = CropEnsemble(0).average(list(logits))
    assert_close(by_logits, torch.tensor([[2.0, 0.5, 0.5]]))
    by_shares = CropEnsemble(0, mean="probabilities").average(list(logits))
    mean = (logits[0].softmax(1) + logits[1].softmax(1)) / 2
    assert_close(by_shares.softmax(1), mean)
    assert (by_logits.softmax(1) - mean).abs().max() > 0.05
    # Crops that say the same are one, also where classes have several temperatures.
    same = CropEnsemble(0, mean="probabilities").average([logits[0], logits[0]])
    assert_close(same, logits[0])
    large = 1000 * logits
    assert_close(
        CropEnsemble(0, mean="probabilities").average(list(large)).softmax(1),
        torch.tensor([[0.5, 0.5, 0.0]]),
    )
