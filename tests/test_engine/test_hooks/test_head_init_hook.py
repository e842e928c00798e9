"""Where heads start, and what centres features, against formulas of its own."""

import logging

import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from lpt_mm.datasets import DigitsLT
from lpt_mm.engine.hooks import head_init_hook
from lpt_mm.utils.errors import UserError
from tests.test_engine.short_runs import assert_same, read
from tests.test_engine.starts import start, training_images

MEANS = {"model.head.head_init": "class_means"}
CENTRED = {"model.head.center": True}
LINEAR = {
    "model.head": dict(
        _delete_=True, type="LinearHead", num_classes=10, head_init="class_means"
    )
}


@MODELS.register_module()
class Doubled(nn.Module):
    """A neck of others."""

    def forward(self, feats):
        return tuple(2 * feat for feat in feats)


@torch.no_grad()
def features_of(model):
    """Compute features of the model with its shared prompts alone."""
    inputs, labels = training_images(model)
    return model.backbone(inputs)[-1].double().numpy(), labels


def directions(features, labels):
    means = np.stack([features[labels == c].mean(axis=0) for c in range(10)])
    return means / np.linalg.norm(means, axis=1, keepdims=True)


def test_weights_start_at_the_mean_features_of_the_classes(tmp_path):
    _, model = start(tmp_path / "a", train=False, **MEANS)
    expected = directions(*features_of(model))
    assert_close(model.head.weight.T.double(), torch.from_numpy(expected))
    assert "feature_mean" not in model.head.state_dict()


def test_with_a_centre_they_start_at_means_of_centred_features(tmp_path):
    _, model = start(tmp_path / "a", train=False, **MEANS, **CENTRED)
    features, labels = features_of(model)
    mean = features.mean(axis=0)
    assert_close(model.head.feature_mean.double(), torch.from_numpy(mean))
    expected = directions(features - mean, labels)
    assert_close(model.head.weight.T.double(), torch.from_numpy(expected))
    score = model.head((torch.from_numpy(features).float(),))
    centred = features - mean
    cosine = centred @ expected.T / np.linalg.norm(centred, axis=1, keepdims=True)
    assert_close(score.double(), 20 * torch.from_numpy(cosine), rtol=1e-4, atol=1e-4)


def test_a_linear_head_starts_with_the_scores_of_a_cosine_head(tmp_path):
    loss = {"train_dataloader.sampler.type": "InstanceBalancedSampler"}
    _, model = start(tmp_path / "a", train=False, **LINEAR, **loss)
    features, labels = features_of(model)
    scale = 20 / np.linalg.norm(features, axis=1).mean()
    expected = torch.from_numpy(scale * directions(features, labels))
    assert_close(model.head.fc.weight.double(), expected)
    assert not model.head.fc.bias.any()


def test_in_phase_2_queries_are_centred_and_keys_start_at_their_clusters(tmp_path):
    neck = {"model.neck.center": True, "model.neck.key_init": "kmeans"}
    _, model = start(tmp_path / "a", train=False, config="phase2", **neck)
    features, _ = features_of(model)
    mean = features.mean(axis=0)
    assert_close(model.neck.feature_mean.double(), torch.from_numpy(mean))
    keys = model.neck.prompt_keys.detach()
    similarity, groups = model.neck.match(torch.from_numpy(features).float())
    cosine = F.cosine_similarity(
        torch.from_numpy(features - mean)[:, None], keys[None].double(), dim=2
    )
    assert_close(similarity[:, 0].double(), cosine.amax(dim=1), rtol=1e-4, atol=1e-5)
    assert len(groups[:, 0].unique()) == 20  # each cluster is the best of an image


def test_queries_of_layer_k_have_a_mean_of_their_own(tmp_path):
    neck = {"model.neck.center": True, "model.neck.query": "layer_k"}
    _, model = start(tmp_path / "a", train=False, config="phase2", **neck, **CENTRED)
    inputs, _ = training_images(model)
    with torch.no_grad():
        query = model.backbone.encode(model.backbone.embed(inputs)[0], 0, 3)[:, 0]
    assert_close(model.neck.feature_mean, query.mean(dim=0), rtol=1e-4, atol=1e-5)
    mean = torch.from_numpy(features_of(model)[0].mean(axis=0))
    assert_close(model.head.feature_mean.double(), mean)


def test_a_resumed_run_goes_on_exactly(tmp_path):
    start(tmp_path / "a", epochs=2, **MEANS, **CENTRED)
    resume = tmp_path / "a" / "epoch_1.pth"
    _, begun = start(tmp_path / "b", epochs=2, resume=resume, **MEANS, **CENTRED)
    state = read(resume)["state_dict"]
    assert torch.equal(begun.head.weight, state["head.weight"])
    assert torch.equal(begun.head.feature_mean, state["head.feature_mean"])
    whole, resumed = (read(tmp_path / x / "epoch_2.pth") for x in "ab")
    assert_same(dict(resumed["state_dict"]), dict(whole["state_dict"]))


def test_phase_2_keeps_the_head_of_phase_1_and_finds_the_centre_of_queries(tmp_path):
    phase1, _ = start(tmp_path / "a", **MEANS, **CENTRED)
    phase2 = {
        "config": "phase2",
        "load_from": str(tmp_path / "a" / "epoch_1.pth"),
        "model.neck.center": True,
    }
    _, model = start(tmp_path / "b", prompts=False, **MEANS, **CENTRED, **phase2)
    assert torch.equal(model.head.weight, phase1.model.head.weight)
    assert torch.equal(model.head.feature_mean, phase1.model.head.feature_mean)
    # Prompts were trained since, so the mean of queries is another.
    mean = torch.from_numpy(features_of(model)[0].mean(axis=0))
    assert_close(model.neck.feature_mean.double(), mean)
    assert not torch.allclose(model.neck.feature_mean, model.head.feature_mean)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (MEANS, "head_init='class_means', but nothing has set the weights"),
        (CENTRED, "center=True, but nothing has set its feature_mean"),
    ],
)
def test_without_the_hook_nothing_is_trained(tmp_path, changes, message):
    off = {"default_hooks.head_init": dict(_delete_=True, type="MatchingHook")}
    with pytest.raises(UserError, match=message):
        start(tmp_path / "a", **changes, **off)


@pytest.mark.parametrize("missing", [4, 9])
@pytest.mark.parametrize("changes", [MEANS, CENTRED])
def test_a_class_without_images_has_no_mean(tmp_path, missing, changes):
    labels = DigitsLT(split="train").get_gt_labels()
    others = [i for i, label in enumerate(labels) if label != missing]
    name = "train_dataloader.dataset.dataset.indices"
    nothing = dict(_delete_=True, type="MatchingHook")  # which would count, too
    hooks = {f"default_hooks.{x}": nothing for x in ("class_count", "data_check")}
    with pytest.raises(UserError, match=f"no image of 1 of 10 classes: {missing}"):
        start(tmp_path / "a", False, **changes, **{name: others}, **hooks)


@pytest.fixture
def passes(monkeypatch):
    """Count the passes over training images."""
    found, compute = [], head_init_hook.find_features.__globals__["compute_features"]

    def counted(*arguments):
        found.append(arguments)
        return compute(*arguments)

    monkeypatch.setattr("lpt_mm.engine.training_features.compute_features", counted)
    return found


def test_one_pass_serves_all_and_later_runs(tmp_path, passes):
    neck = {"model.neck.center": True}
    one = start(tmp_path / "a", False, config="phase2", **MEANS, **CENTRED, **neck)[1]
    assert len(passes) == 1
    (file,) = (tmp_path / "cache").glob("*.safetensors")
    again = start(tmp_path / "b", False, config="phase2", **MEANS, **CENTRED, **neck)[1]
    assert len(passes) == 1
    assert_close(again.state_dict(), one.state_dict(), rtol=0, atol=0)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    again = start(tmp_path / "c", False, config="phase2", **MEANS, **CENTRED, **neck)[1]
    assert len(passes) == 2  # damaged: computed again, and kept
    assert_close(again.state_dict(), one.state_dict(), rtol=0, atol=0)
    start(tmp_path / "d", False, config="phase2", **MEANS, **neck)
    assert len(passes) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"train_dataloader.dataset.dataset.indices": list(range(0, 335, 3))},
        {"model.data_preprocessor.mean": [100.0]},
        {"randomness.seed": 1},  # other prompts
        {"default_hooks.head_init.max_images_per_class": 2},
        {"model.backbone.out_type": "avg_featmap"},
    ],
    ids=str,
)
def test_other_images_or_weights_have_features_of_their_own(tmp_path, passes, changes):
    start(tmp_path / "a", False, **MEANS)
    start(tmp_path / "b", False, **MEANS, **changes)
    assert len(passes) == 2
    assert len([*(tmp_path / "cache").iterdir()]) == 2


def test_without_a_folder_nothing_is_kept(tmp_path):
    start(tmp_path / "a", False, **MEANS, **{"default_hooks.head_init.cache_dir": None})
    assert not (tmp_path / "cache").exists()


def test_a_folder_that_cannot_be_written_costs_time_alone(tmp_path, caplog):
    (tmp_path / "cache").write_text("a file")
    with caplog.at_level(logging.WARNING):
        _, model = start(tmp_path / "a", False, **MEANS)
    assert model.head.weight_set


def test_weights_of_a_file(tmp_path):
    weight = torch.randn(10, 64)
    save_file({"weight": weight}, tmp_path / "w.safetensors")
    path = {"model.head.head_init": str(tmp_path / "w.safetensors")}
    _, model = start(tmp_path / "a", False, **path)
    assert_close(model.head.weight.T, F.normalize(weight, dim=1))
    assert not (tmp_path / "cache").exists()  # no image is looked at
    path["model.head"] = LINEAR["model.head"] | dict(
        head_init=path.pop("model.head.head_init")
    )
    loss = {"train_dataloader.sampler.type": "InstanceBalancedSampler"}
    _, model = start(tmp_path / "b", False, **path, **loss)
    assert_close(model.head.fc.weight, weight, rtol=0, atol=0)


def test_a_file_that_does_not_fit_is_refused(tmp_path):
    save_file({"weight": torch.randn(9, 64)}, tmp_path / "w.safetensors")
    path = {"model.head.head_init": str(tmp_path / "w.safetensors")}
    with pytest.raises(UserError, match=r"of \(9, 64\).* has 10 classes"):
        start(tmp_path / "a", False, **path)


def test_another_neck_goes_with_the_features(tmp_path):
    """Features of a plain classifier are those that its head gets; none are kept."""
    classifier = {"model.type": "ImageClassifier", "model.neck": dict(type="Doubled")}
    loss = {"train_dataloader.sampler.type": "InstanceBalancedSampler"}
    width = {"model.head.in_channels": 64}
    plain = classifier | loss | width
    _, model = start(tmp_path / "a", False, **MEANS, **CENTRED, **plain)
    features, labels = features_of(model)
    mean = features.mean(axis=0)
    assert_close(model.head.feature_mean.double(), torch.from_numpy(2 * mean))
    expected = directions(features - mean, labels)
    assert_close(model.head.weight.T.double(), torch.from_numpy(expected))
    assert not (tmp_path / "cache").exists()
