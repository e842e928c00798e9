"""The gradient at a noisy point: its formula, and where the noise may not be."""

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmpretrain.registry import OPTIM_WRAPPERS
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from tests.conftest import ROOT
from tests.programs import run_together
from tests.test_engine.short_runs import assert_same, make_runner, read

RHO, LR, MOMENTUM, DECAY = 0.7, 0.1, 0.9, 0.01
ACCUMULATE = "optim_wrapper.accumulative_counts"


class Net(nn.Module):
    """A layer that notes its weights in each forward pass."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 3))
        self.frozen = nn.Parameter(torch.randn(4), requires_grad=False)
        self.seen = []

    def forward(self, x):
        self.seen.append(self.weight.detach().clone())
        return F.linear(x, self.weight, self.frozen)


def make_wrapper(model, **options):
    parameters = dict(lr=LR, momentum=MOMENTUM, weight_decay=DECAY)
    optimizer = torch.optim.SGD(model.parameters(), **parameters)
    options = dict(rho=RHO) | options
    wrapper = OPTIM_WRAPPERS.build(
        dict(type="GNMOptimWrapper", optimizer=optimizer, **options)
    )
    wrapper.message_hub = MessageHub("of a test")
    wrapper.message_hub.update_info_dict(dict(seed=1, iter=0, epoch=0))
    return wrapper


def loss_of(model, x, y):
    return (model(x).tanh() - y).square().mean()


def noise_of(model, wrapper, **info):
    """Draw the noise of a step, divided by rho * 0.1."""
    wrapper.message_hub.update_info_dict(info)
    before = model.weight.detach().clone()
    with wrapper.optim_context(model):
        noisy = model.weight.detach().clone()
    wrapper.backward(model.weight.sum() * 0)
    assert torch.equal(model.weight, before)
    return (noisy - before) / (RHO * 0.1)


@pytest.mark.parametrize("batches", [1, 3])  # of a step
def test_steps_are_those_of_a_plain_loop(float64, batches):
    model = Net()
    wrapper = make_wrapper(model, accumulative_counts=batches)
    data = torch.randn(2 * batches, 5, 3), torch.randn(2 * batches, 5, 4)
    weight, velocity = model.weight.detach().clone(), 0
    for step in range(2):
        gradient, points = 0, []
        for i in range(step * batches, (step + 1) * batches):
            wrapper.message_hub.update_info("iter", i)
            x, y = data[0][i], data[1][i]
            clean = model.weight.detach()  # between the batches of a step, too
            assert_close(clean, weight, rtol=0, atol=1e-12)
            with wrapper.optim_context(model):
                loss = loss_of(model, x, y)
            wrapper.update_params(loss)
            points.append(model.seen[-1])
            # The slope of mean((tanh(W x + b) - y)**2), written out.
            out = (x @ points[-1].T + model.frozen).tanh()
            slope = 2 * (out - y) * (1 - out**2) / out.numel()
            gradient = gradient + slope.T @ x / batches
        assert all(torch.equal(point, points[0]) for point in points)
        moved = (points[0] - weight).abs()
        assert 0.1 * RHO * 0.05 < moved.mean() < moved.max() <= 0.1 * RHO * (1 + 1e-9)
        velocity = MOMENTUM * velocity + gradient + DECAY * weight
        weight = weight - LR * velocity
        assert_close(model.weight.detach(), weight)


def test_noise_is_a_clamped_normal_distribution_of_run_seed_and_step(float64):
    model = Net()
    model.weight = nn.Parameter(torch.randn(300, 300))
    wrapper = make_wrapper(model)
    one = noise_of(model, wrapper, seed=1, iter=5)
    assert abs(one.mean()) < 0.01
    assert one.std().item() == pytest.approx(1 / 3, rel=0.02)
    assert one.abs().max().item() == pytest.approx(1)
    assert (one.abs() > 1 - 1e-9).double().mean().item() == pytest.approx(
        0.0027, rel=0.3
    )
    torch.manual_seed(5)  # other random numbers do not matter, and stay as they are
    state = torch.get_rng_state()
    assert torch.equal(noise_of(model, wrapper, seed=1, iter=5), one)
    assert torch.equal(torch.get_rng_state(), state)
    for other in (dict(seed=1, iter=6), dict(seed=2, iter=5)):
        noise = noise_of(model, wrapper, **other)
        assert abs((noise * one).mean()) < 0.005


def test_noise_decays_by_epochs(float64):
    model = Net()
    wrapper = make_wrapper(model, noise_decay=0.5, decay_epochs=59)
    first = noise_of(model, wrapper, epoch=0)
    for epoch, factor in ((58, 1), (59, 1 / 2), (117, 1 / 2), (118, 1 / 4)):
        assert_close(noise_of(model, wrapper, epoch=epoch), factor * first)


def test_without_a_runner_steps_are_counted():
    model = Net()
    wrapper = make_wrapper(model, accumulative_counts=2)
    wrapper.message_hub = MessageHub("nothing is known")
    for _ in range(4):
        before = model.weight.detach().clone()
        with wrapper.optim_context(model):
            loss = loss_of(model, torch.randn(2, 3), torch.randn(2, 4))
        wrapper.update_params(loss)
        model.seen[-1] -= before
    assert_close(model.seen[0], model.seen[1])
    assert_close(model.seen[2], model.seen[3])
    assert (model.seen[1] - model.seen[2]).abs().max() > 1e-3


class Broken(torch.autograd.Function):
    """Has no backward pass."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, slope):
        raise RuntimeError("no backward pass")


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_leaves_no_noise(error):
    model = Net()
    wrapper = make_wrapper(model)
    before = model.weight.detach().clone()
    with pytest.raises(error), wrapper.optim_context(model):
        assert not torch.equal(model.weight, before)
        raise error
    assert torch.equal(model.weight, before)
    with wrapper.optim_context(model):
        loss = Broken.apply(loss_of(model, torch.randn(2, 3), torch.randn(2, 4)))
    with pytest.raises(RuntimeError, match="no backward pass"):
        wrapper.update_params(loss)
    assert torch.equal(model.weight, before)


def test_noise_does_not_add_up_where_no_backward_pass_followed():
    model = Net()
    wrapper = make_wrapper(model)
    before = model.weight.detach().clone()
    for _ in range(2):
        with wrapper.optim_context(model):
            noisy = model.weight.detach().clone()
    wrapper.backward(model.weight.sum())
    assert (noisy - before).abs().max() <= 0.1 * RHO * (1 + 1e-4)
    assert torch.equal(model.weight, before)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("rho", -0.1),
        ("rho", float("nan")),
        ("noise_decay", 1.5),
        ("noise_decay", -0.5),
        ("decay_epochs", 0),
    ],
)
def test_refuses_other_settings(option, value):
    with pytest.raises(ValueError, match=f"{option} must be .*, got {value}"):
        make_wrapper(Net(), **{option: value})


class Watch(Hook):
    """Note the weights where a run validates, and after each batch."""

    def __init__(self):
        self.weights = []

    def before_val(self, runner):
        self.weights.append(runner.model.head.weight.detach().clone())

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.weights.append(runner.model.head.weight.detach().clone())


def train(folder, rho=0.5, saving="iter", **changes):
    wrapper = {"type": "GNMOptimWrapper", "rho": rho}
    wrapper = {f"optim_wrapper.{name}": value for name, value in wrapper.items()}
    keep = {"default_hooks.checkpoint.max_keep_ckpts": -1}
    runner, record = make_runner(
        folder, saving=saving, epochs=2, **wrapper, **keep, **changes
    )
    watch = Watch()
    runner.register_hook(watch)
    runner.train()
    return runner, record, watch


def test_weights_that_are_validated_and_saved_have_no_noise(tmp_path):
    still = {"optim_wrapper.optimizer.lr": 0.0}  # nothing but noise could change them
    _, plain, _ = train(tmp_path / "plain", rho=0.0, **still)
    _, record, watch = train(tmp_path / "noisy", **still)
    assert len(watch.weights) == 10 + len(record.validations)
    weight = watch.weights[0]
    assert all(torch.equal(other, weight) for other in watch.weights)
    for file in (tmp_path / "noisy").glob("*.pth"):
        assert torch.equal(read(file)["state_dict"]["head.weight"], weight)
    loss = 3
    assert all(record.steps[i][loss] != plain.steps[i][loss] for i in range(10))


@pytest.mark.parametrize("batches", [1, 2])
def test_a_resume_is_exact(tmp_path, batches):
    changes = {ACCUMULATE: batches, "randomness.seed": 3}
    _, whole, _ = train(tmp_path / "whole", **changes)
    start = tmp_path / "whole" / "iter_3.pth"  # in an epoch, and in an accumulation
    _, resumed, _ = train(tmp_path / "resumed", resume=start, **changes)
    assert resumed.steps == {i: whole.steps[i] for i in resumed.steps}
    assert min(resumed.steps) == 3 - 3 % batches
    final, expected = (
        read(tmp_path / run / "iter_10.pth") for run in ("resumed", "whole")
    )
    for part in ("state_dict", "optimizer"):
        assert_same(final[part], expected[part])


def test_all_processes_have_the_same_noise(tmp_path):
    script = ROOT / "tests" / "test_engine" / "distributed_noise.py"
    run_together(tmp_path, 2, script, tmp_path)
    (one, other) = (read(tmp_path / f"{rank}.pth") for rank in (0, 1))
    assert_same(one, other)
    start, noisy, stepped = one
    assert 0 < (noisy - start).abs().max() <= 0.05 * 0.1 * (1 + 1e-6)
    assert (stepped - start).abs().max() > 0.01
