"""Features, gradients and three steps of each tuning, against a peer's numbers."""

import json

import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.testing import assert_close

from lpt_mm.weights.layouts import to_mmpretrain
from tests.golden import DATA, tiny_lpt

TUNINGS = dict(
    adaptformer=dict(prompt_mode="none", tunings=[dict(type="AdaptFormer")]),
    adapter=dict(prompt_mode="none", tunings=[dict(type="Adapter")]),
    lora=dict(prompt_mode="none", tunings=[dict(type="LoRA")]),
    vpt_deep=dict(prompt_mode="deep"),
)
# Their names of a tensor in a layer, and ours.
NAMES = (
    ("down_proj.", "down."),
    ("up_proj.", "up."),
    ("q.lora_A", "query_a"),
    ("q.lora_B", "query_b"),
    ("v.lora_A", "value_a"),
    ("v.lora_B", "value_b"),
)


def load(name):
    with np.load(DATA / f"lift_{name}.npz") as file:
        meta = json.loads(str(file["meta"]))
        return {k: torch.tensor(file[k]) for k in file.files if k != "meta"}, meta


def part(golden, prefix):
    return {
        k.removeprefix(prefix): v for k, v in golden.items() if k.startswith(prefix)
    }


def to_own(tensors):
    """Name what is trained in the transformer as we do."""
    own, prompts = {}, []
    for name, tensor in sorted(tensors.items()):
        tuning, layer, rest = name.split(".", 2)
        if tuning == "vpt_list":
            prompts.append(tensor)
            continue
        for theirs, ours in NAMES:
            rest = rest.replace(theirs, ours)
        kind = tuning.removesuffix("_list")
        value = tensor.reshape(()) if rest == "scale" else tensor
        own[f"tunings.{layer}.{kind}.{rest}"] = value
    return own | (dict(shared_prompts=torch.stack(prompts)) if prompts else {})


def build(name, golden, meta):
    backbone = dict(TUNINGS[name])
    for tuning in backbone.get("tunings", ()):
        tuning["bottleneck"] = meta["adapter_dim"]
    cfg = tiny_lpt(1, prompt_length=meta["vpt_len"], **backbone)
    cfg["backbone"]["norm_cfg"] = dict(type="LN", eps=1e-6)
    loss = dict(type="LogitAdjustedLoss", tau=meta["tau"])
    cfg["head"] |= dict(scale=meta["scale"], loss=loss, instance_loss=None)
    model = MODELS.build(cfg).double()
    model.head.loss_module.cls_num_list = golden["class_counts"].tolist()
    frozen = to_mmpretrain(part(golden, "vit/"))
    state = frozen | to_own(part(golden, "tuner/"))
    model.backbone.load_state_dict(state)
    model.head.load_state_dict(dict(weight=golden["head/weight"].T))
    return model


@pytest.mark.parametrize("name", TUNINGS)
def test_features_and_scores_agree(name):
    golden, meta = load(name)
    model = build(name, golden, meta)
    feats = model.extract_feat(golden["images"][0])
    assert_close(feats[0], golden["feature"], rtol=0, atol=1e-9)
    assert_close(model.head(feats), golden["score"], rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", TUNINGS)
def test_gradients_and_three_steps_agree(name):
    golden, meta = load(name)
    model = build(name, golden, meta).train()
    trained = {k: p for k, p in model.named_parameters() if p.requires_grad}
    settings = {k: meta[k] for k in ("lr", "momentum", "weight_decay")}
    optimizer = torch.optim.SGD(trained.values(), **settings)
    losses = []
    for step, (images, labels) in enumerate(golden_batches(golden)):
        samples = [DataSample().set_gt_label(label) for label in labels]
        loss = model.loss(images, samples)["loss_cls"]
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            assert_agrees({k: p.grad for k, p in trained.items()}, golden, "grad/")
        optimizer.step()
    assert losses == pytest.approx(golden["losses"].tolist(), rel=0, abs=1e-9)
    assert_agrees(trained, golden, "final/")


def golden_batches(golden):
    labels = golden["labels"].reshape(len(golden["images"]), -1).tolist()
    return zip(golden["images"], labels, strict=True)


def assert_agrees(actual, golden, prefix):
    theirs = part(golden, prefix)
    expected = {"head.weight": theirs.pop("head").T}
    expected |= {f"backbone.{k}": v for k, v in to_own(theirs).items()}
    assert actual.keys() == expected.keys()
    for name, value in expected.items():
        assert_close(actual[name].detach(), value, rtol=0, atol=1e-8)
