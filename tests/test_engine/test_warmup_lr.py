import pytest
import torch
from mmpretrain.registry import PARAM_SCHEDULERS
from torch import nn
from torch.optim import SGD


def rates(length, epoch_length, **settings):
    """Return the learning rate of each step, relative to the one that is set."""
    optimizer = SGD([nn.Parameter(torch.zeros(1))], lr=2.0)
    cfg = dict(
        type="WarmupLR",
        start_factor=1e-3,
        convert_to_iter_based=True,
        end=length,
        optimizer=optimizer,
        epoch_length=epoch_length,
        **settings,
    )
    scheduler, seen = PARAM_SCHEDULERS.build(cfg), []
    for _ in range(length * epoch_length):
        seen.append(optimizer.param_groups[0]["lr"] / 2)
        optimizer.step()
        scheduler.step()
    return seen


@pytest.mark.parametrize(
    ("epochs", "epoch_length", "steps"),
    [(40, 10, 10), (60, 5, 5), (200, 1, 2), (3, 2, 2), (1, 100, 50), (2, 2, 2)],
)
def test_the_rate_rises_linearly_to_the_full_one(epochs, epoch_length, steps):
    seen = rates(epochs, epoch_length)
    expected = [1e-3 + (1 - 1e-3) * i / (steps - 1) for i in range(steps)]
    expected += [1.0] * (epochs * epoch_length - steps)
    assert seen == pytest.approx(expected, rel=1e-9)  # a product of many factors


@pytest.mark.parametrize(("epochs", "epoch_length"), [(1, 1), (2, 1), (1, 3)])
def test_a_run_without_room_has_none(epochs, epoch_length):
    assert rates(epochs, epoch_length) == [1.0] * (epochs * epoch_length)


def test_its_length_can_be_set():
    assert rates(10, 10, epochs=0.5)[3:6] == pytest.approx([0.75025, 1, 1])
