"""What training did is not done twice, and a stated prior is what it says."""

from itertools import product

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS
from numpy.testing import assert_allclose

from lpt_mm.answers.posterior import Posterior
from lpt_mm.answers.prior import Prior, parse_prior, prior_shift, read_frequencies
from lpt_mm.inference.balancing import describe_balancing
from lpt_mm.utils.errors import UserError
from tests.test_collection.made_up import COUNTS, write_pack

NAMES = [f"class {i}" for i in range(len(COUNTS))]


def pack_of(folder, power=0.0, **facts):
    balancing = dict(loss="CrossEntropyLoss", sampler=None, prior_power=power)
    return write_pack(folder / "a.safetensors", balancing=balancing, **facts)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_scores_of_any_training_come_to_the_bayes_answer(tmp_path, power):
    """An ideal model of training with classes as n ** power, used where they are q."""
    rng = np.random.default_rng(0)
    likelihood = rng.random((50, len(COUNTS)))  # of the image by each class
    counts = np.array(COUNTS, dtype=float)
    score = np.log(likelihood * counts**power) + rng.normal(size=(50, 1))
    pack = pack_of(tmp_path, power)
    used = rng.random(len(COUNTS))
    cases = {0.0: counts**0, 0.3: counts**0.3, 1.0: counts, "table": used}
    for prior, frequency in cases.items():
        stated = Prior(prior) if prior != "table" else None
        stated = stated or Prior(frequency=dict(zip(NAMES, used, strict=True)))
        expected = likelihood * frequency
        expected /= expected.sum(axis=1, keepdims=True)
        found = Posterior(pack, stated)(torch.from_numpy(score))
        assert_allclose(found.numpy(), expected, rtol=1e-9)
    plain = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    assert_allclose(Posterior(pack)(torch.from_numpy(score)).numpy(), plain, rtol=1e-9)


def test_a_class_that_cannot_occur_is_never_the_answer(tmp_path):
    frequency = dict.fromkeys(NAMES, 1.0) | {"class 2": 0}
    found = Posterior(pack_of(tmp_path), Prior(frequency=frequency))(torch.zeros(1, 6))
    assert_allclose(found[0].numpy(), [0.2, 0.2, 0, 0.2, 0.2, 0.2])


def test_frequencies_are_of_any_unit(tmp_path):
    pack, score = pack_of(tmp_path), torch.randn(3, 6)
    small = dict(zip(NAMES, (1, 2, 3, 4, 5, 6), strict=True))
    large = {name: 2.5e307 * value for name, value in small.items()}
    found, again = (Posterior(pack, Prior(frequency=x))(score) for x in (small, large))
    assert_allclose(found.numpy(), again.numpy(), rtol=1e-5)


def test_a_pack_that_does_not_say_what_training_did_takes_no_prior(tmp_path):
    pack = write_pack(tmp_path / "a.safetensors", balancing=dict(loss="GCLLoss"))
    with pytest.raises(UserError, match="publish it again"):
        prior_shift(pack, Prior(0.5))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class,count\na,1\n", "has no columns class and frequency"),
        ("class,frequency\n", "or no rows"),
        ("class,frequency\nclass 0,-1\n", "'class 0' must be 0 or more, got -1"),
        ("class,frequency\nclass 0,nan\n", "must be 0 or more, got nan"),
        ("class,frequency\nclass 0\n", "must be 0 or more, got None"),
        ("class,frequency\nclass 0,1\nclass 0,2\n", "has 'class 0' twice"),
        ("class,frequency\nclass 0,1\nclas 1,2\n", "clas 1: did you mean 'class 1'?"),
        ("class,frequency\nclass 0,1\n", "leave out class 1, class 2"),
        ("frequency,class\n1\n", "the frequencies name no class of the model: "),
        ("class;frequency\nclass 0;1\n", "has no columns class and frequency"),
        ("class,frequency\n" + "".join(f"{x},0\n" for x in NAMES), "are all 0"),
    ],
)
def test_tables_that_are_wrong_are_named(tmp_path, text, message):
    (tmp_path / "q.csv").write_text(text)
    pack = pack_of(tmp_path)
    with pytest.raises(UserError) as error:
        prior_shift(pack, parse_prior(str(tmp_path / "q.csv")))
    assert message in str(error.value)


def test_a_table_is_read_and_a_number_is_a_power(tmp_path):
    (tmp_path / "q.csv").write_text("\ufefffrequency,class\n2,a b\n0.5,ü\n")
    assert read_frequencies(tmp_path / "q.csv") == {"a b": 2.0, "ü": 0.5}
    assert parse_prior("0.25") == Prior(0.25)
    for text in ("-0.1", "1.1", "nan"):
        with pytest.raises(UserError, match="a prior is a number from 0"):
            parse_prior(text)


def power_of(loss, sampler, hooks=(), counts=COUNTS):
    head = dict(type="CosineHead", num_classes=len(counts), in_channels=4, loss=loss)
    model = torch.nn.Module()
    model.head = MODELS.build(head)
    loader = sampler and dict(sampler=dict(type=sampler))
    cfg = Config(dict(train_dataloader=loader, custom_hooks=list(hooks)))
    return describe_balancing(cfg, model, counts)["prior_power"]


PLAIN, EVEN = "InstanceBalancedSampler", "ClassBalancedSampler"


@pytest.mark.parametrize(
    ("loss", "sampler", "expected"),
    [
        (dict(type="CrossEntropyLoss"), PLAIN, 1.0),
        (dict(type="CrossEntropyLoss"), "DefaultSampler", 1.0),
        (dict(type="CrossEntropyLoss"), EVEN, 0.0),
        (dict(type="CrossEntropyLoss"), "DualSampler", 0.0),
        (dict(type="CrossEntropyLoss"), "SquareRootSampler", 0.5),
        (dict(type="CrossEntropyLoss"), "RepeatAugSampler", None),
        (dict(type="CrossEntropyLoss"), "OfAnotherPackage", None),
        (dict(type="CrossEntropyLoss"), None, None),  # a config without training
        (dict(type="LogitAdjustedLoss", tau=0), PLAIN, 1.0),
        (dict(type="LogitAdjustedLoss", tau=0.25), PLAIN, 0.75),
        (dict(type="BalancedSoftmaxLoss"), PLAIN, 0.0),
        (dict(type="BalancedSoftmaxLoss"), EVEN, 0.0),
        (dict(type="LADELoss"), PLAIN, 0.0),
        (dict(type="VectorScalingLoss", tau=0.5), PLAIN, 0.5),
        (dict(type="GeneralizedReweightLoss", rho=0.4), PLAIN, 0.6),
        (dict(type="ClassBalancedLoss", beta=0.0), PLAIN, 1.0),
        (dict(type="SoftmaxFocalLoss"), PLAIN, 1.0),
        (dict(type="LDAMLoss"), PLAIN, 1.0),
        (dict(type="AsymmetricGCLLoss"), "DualSampler", 0.0),
        (dict(type="CrossEntropyLoss", class_weight=[1.0] * 6), PLAIN, None),
        (dict(type="LabelSmoothLoss", label_smooth_val=0.1), PLAIN, 1.0),
        (
            dict(type="LabelSmoothLoss", label_smooth_val=0.1, class_weight=[1.0] * 6),
            *(PLAIN, None),
        ),
        (dict(type="CrossEntropyLoss", use_sigmoid=True), PLAIN, None),
        (dict(type="SeesawLoss", num_classes=6), PLAIN, None),
        (dict(type="LogitAdjustedLoss", tau=-0.5), PLAIN, None),  # no pack has 1.5
        (dict(type="LogitAdjustedLoss", tau=-0.5), "SquareRootSampler", 1.0),
    ],
)
def test_the_record_is_what_sampler_and_loss_come_to(loss, sampler, expected):
    found = power_of(loss, sampler)
    assert found == (expected if expected is None else pytest.approx(expected))


def test_weights_by_the_effective_number_are_a_power_of_the_counts():
    """As many images as beta sees as different ones weigh in full, fewer less so."""
    loss = dict(type="LogitAdjustedLoss", tau=0)
    for beta, late in product((0.9, 0.999999), (False, True)):
        hooks = [dict(type="DeferredReweightHook", begin=1, beta=beta)] if late else []
        kind = loss if late else dict(type="ClassBalancedLoss", beta=beta)
        effective = (1 - beta ** np.array(COUNTS)) / (1 - beta)
        expected = 1 - np.polyfit(np.log(COUNTS), np.log(effective), 1)[0]
        assert power_of(kind, PLAIN, hooks) == pytest.approx(expected, rel=1e-6)
    assert expected == pytest.approx(0, abs=1e-3)


def test_the_noise_of_gcl_is_a_prior_too():
    noise = np.abs(np.random.default_rng(0).normal(0, 1 / 3, 10**6)).clip(max=1).mean()
    depth = 20 * 0.5 * noise / np.log(COUNTS[0] / COUNTS[-1])
    found = power_of(dict(type="GCLLoss"), PLAIN)
    assert found == pytest.approx(1 - depth, abs=1e-2)
    assert power_of(dict(type="GCLLoss"), PLAIN, counts=(5, 5)) == 1
