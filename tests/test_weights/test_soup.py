import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS
from torch.testing import assert_close

from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import BACKBONE, IDENTITY, leave_out_backbone
from lpt_mm.weights.reading import read_file
from lpt_mm.weights.soup import make_soup
from lpt_mm.weights.weights import Weights
from tests.conftest import ROOT
from tests.docs_pages import files
from tests.golden import tiny_lpt
from tests.test_engine.short_runs import make_runner, read

SOUP = ROOT / "tools" / "model_converters" / "soup.py"
CLASSES = [f"kind {i}" for i in range(7)]
META = dict(
    dataset_meta=dict(classes=CLASSES),
    settings={"model.head.scale": 20.0},
    cls_num_list=[9, 8, 7, 6, 5, 4, 3],
    epoch=3,
)


@pytest.fixture
def backbone(tmp_path):
    """The config of a model whose backbone comes from a file."""
    init = dict(type="PretrainedViT", checkpoint=str(tmp_path / "vit.pth"))
    cfg = tiny_lpt(2, init_cfg=init)
    torch.save(MODELS.build(cfg).backbone.frozen_state(), tmp_path / "vit.pth")
    return cfg


def checkpoint(cfg, name, light=True, **meta):
    """Make the weights of a run, with random numbers in what is trained."""
    model = MODELS.build(cfg)
    model.init_weights()
    identity = model.backbone.identity
    tensors = model.state_dict()
    if light:
        tensors = leave_out_backbone(tensors, identity)
    meta = dict(META, backbone=identity) | meta
    return Weights(tensors, meta, source=f"'{name}'")


@pytest.mark.parametrize("light", [True, False])
def test_averages_what_was_trained(backbone, light):
    models = [checkpoint(backbone, name, light) for name in "abc"]
    models[2].meta["epoch"] = 8
    for i, model in enumerate(models):
        model.tensors["head.weight"] = torch.tensor([[i + 1.0, 10.0 * i]])
        model.tensors["steps"] = torch.tensor(i)
    soup = make_soup(models, [0.09, 0.21, 0.7])
    assert soup.tensors.keys() == models[2].tensors.keys()
    # 0.09 * 1 + 0.21 * 2 + 0.7 * 3, and 0.21 * 10 + 0.7 * 20
    expected = torch.tensor([[2.61, 16.1]])
    assert_close(soup.tensors["head.weight"], expected)
    prompts = [model.tensors["neck.group_prompts"].double() for model in models]
    expected = (0.09 * prompts[0] + 0.21 * prompts[1] + 0.7 * prompts[2]).float()
    assert_close(soup.tensors["neck.group_prompts"], expected)
    assert soup.tensors["steps"] == 2
    assert soup.meta is models[2].meta
    assert soup.is_light == light
    frozen = [name for name in soup.tensors if name.startswith(BACKBONE)]
    frozen.remove("backbone.shared_prompts")
    assert all(torch.equal(soup.tensors[k], models[0].tensors[k]) for k in frozen)


def test_is_in_order_what_lt_soups_does(backbone):
    a, b, c = (checkpoint(backbone, name) for name in "abc")
    in_order = make_soup([make_soup([a, b], [0.3, 0.7]), c], [0.3, 0.7])
    at_once = make_soup([a, b, c], [0.09, 0.21, 0.7])
    assert_close(in_order.tensors, at_once.tensors)
    same = make_soup([a, b])
    assert_close(same.tensors, make_soup([a, b], [0.5, 0.5]).tensors)


def test_runs_may_have_other_images_and_another_path_of_the_backbone(
    backbone, tmp_path
):
    one = checkpoint(backbone, "a", cls_num_list=[3] * 7)
    (tmp_path / "copy of the vit.pth").write_bytes((tmp_path / "vit.pth").read_bytes())
    backbone["backbone"]["init_cfg"]["checkpoint"] = str(
        tmp_path / "copy of the vit.pth"
    )
    other = checkpoint(backbone, "b")
    soup = make_soup([one, other])
    assert soup.meta["cls_num_list"] == META["cls_num_list"]
    identity = BACKBONE + IDENTITY
    assert torch.equal(soup.tensors[identity], other.tensors[identity])


def with_classes(weights, classes):
    weights.meta["dataset_meta"] = dict(classes=classes)


def with_tensor(weights, name, tensor):
    weights.tensors[name] = tensor


CHANGES = {
    "settings": (
        lambda w: w.meta.update(settings={"model.head.scale": 25.0}),
        r"'a' and 'b' are not of one model: model.head.scale is 20.0 and 25.0",
    ),
    "classes": (
        lambda w: with_classes(w, [*CLASSES[:5], "dog", "cat"]),
        "class 5 is kind 5 and dog",
    ),
    "number of classes": (
        lambda w: with_tensor(w, "head.weight", torch.ones(24, 5)),
        r"head.weight is \(24, 7\) torch.float32 and \(24, 5\) torch.float32",
    ),
    "type": (
        lambda w: with_tensor(w, "head.weight", torch.ones(24, 7).half()),
        r"\(24, 7\) torch.float32 and \(24, 7\) torch.float16",
    ),
    "missing": (
        lambda w: w.tensors.pop("neck.prompt_keys"),
        "only the first has neck.prompt_keys",
    ),
    "left over": (
        lambda w: with_tensor(w, "neck.more", torch.ones(1)),
        "only the second has neck.more",
    ),
    "not finite": (
        lambda w: with_tensor(w, "head.weight", torch.full((24, 7), torch.nan)),
        "'b' has values that are no finite numbers: head.weight",
    ),
    "pack": (lambda w: w.meta.update(pack=dict(format=1)), "'b' is a pack: give"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_model_is_refused(backbone, change):
    one, other = checkpoint(backbone, "a"), checkpoint(backbone, "b")
    make, message = CHANGES[change]
    make(other)
    with pytest.raises(WeightFileError, match=message):
        make_soup([one, other])


@pytest.mark.parametrize("light", [True, False])
def test_another_backbone_is_refused(backbone, tmp_path, light):
    one = checkpoint(backbone, "a", light)
    other_vit = MODELS.build(tiny_lpt(2)).backbone.frozen_state()
    torch.save(other_vit, tmp_path / "other.pth")
    backbone["backbone"]["init_cfg"]["checkpoint"] = str(tmp_path / "other.pth")
    other = checkpoint(backbone, "b", light)
    message = r"'a' was trained on the .*vit.pth.*, and 'b' on the .*other.pth"
    with pytest.raises(WeightFileError, match=message):
        make_soup([one, other])


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ([1.0], "1 weights for 2 checkpoints: give one for each"),
        ([0.5, 0.6], "have the sum 1, got 0.5 0.6, of sum 1.1"),
        ([1.5, -0.5], "must be 0 or more"),
        ([float("nan"), 1.0], "must be 0 or more and have the sum 1"),
    ],
)
def test_other_weights_are_refused(backbone, shares, message):
    models = [checkpoint(backbone, name) for name in "ab"]
    with pytest.raises(ValueError, match=message):
        make_soup(models, shares)
    with pytest.raises(ValueError, match="needs two checkpoints or more, got 1"):
        make_soup(models[:1])


def test_the_classifier_of_a_soup_is_trained_alone(tmp_path, run_here):
    page = files("docs/guide/weights.md")["configs/lpt/soup_digits_lt.py"]
    (tmp_path / "alone.py").write_text(page.replace("_base_", "_unused"))
    alone = Config.fromfile(tmp_path / "alone.py").optim_wrapper.paramwise_cfg
    for name, epochs in (("one", 1), ("other", 2)):
        make_runner(tmp_path / name, epochs=epochs)[0].train()
    runs = [tmp_path / "one" / "epoch_1.pth", tmp_path / "other" / "epoch_2.pth"]
    run_here(SOUP, *runs, "--weights", 0.3, 0.7, "--out", "soup.pth")
    one, other, soup = (read(path) for path in (*runs, tmp_path / "soup.pth"))
    weights = (state["state_dict"]["head.weight"] for state in (one, other))
    expected = sum(s * w.double() for s, w in zip((0.3, 0.7), weights, strict=True))
    assert_close(soup["state_dict"]["head.weight"], expected.float())
    assert soup["meta"]["epoch"] == 2
    assert read_file(tmp_path / "soup.pth").is_light

    start = {"load_from": str(tmp_path / "soup.pth")}
    start["optim_wrapper.paramwise_cfg"] = alone
    make_runner(tmp_path / "head", epochs=1, **start)[0].train()
    before = soup["state_dict"]
    after = read(tmp_path / "head" / "epoch_1.pth")["state_dict"]
    assert after.keys() == before.keys()
    changed = {k for k in after if not torch.equal(after[k], before[k])}
    assert changed == {"head.weight"}
