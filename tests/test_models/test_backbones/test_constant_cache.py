import pickle
from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from lpt_mm.models.backbones.constant_cache import ConstantCache


class Counted:
    """Doubles a tensor and counts how often."""

    def __init__(self, tensor):
        self.tensor, self.count = tensor, 0

    def __call__(self):
        self.count += 1
        return 2 * self.tensor


def test_computes_once_while_nothing_changes():
    cache, double = ConstantCache(), Counted(torch.ones(2))
    first = cache.get("a", [double.tensor], double)
    second = cache.get("a", [double.tensor], double)
    assert first is second
    assert double.count == 1
    cache.get("b", [double.tensor], double)
    assert double.count == 2


def test_computes_anew_after_a_change_in_place():
    cache, double = ConstantCache(), Counted(torch.ones(2))
    cache.get("a", [double.tensor], double)
    double.tensor += 1
    assert_close(cache.get("a", [double.tensor], double), torch.full((2,), 4.0))


def test_computes_anew_for_another_tensor_and_after_clear():
    cache, double = ConstantCache(), Counted(torch.ones(2))
    cache.get("a", [double.tensor], double)
    double.tensor = torch.zeros(2)
    assert_close(cache.get("a", [double.tensor], double), torch.zeros(2))
    double.tensor.data.fill_(5)  # leaves no trace
    cache.clear()
    assert_close(cache.get("a", [double.tensor], double), torch.full((2,), 10.0))


def test_another_tensor_at_the_same_address_is_another():
    cache = ConstantCache()
    for value in range(20):  # memory of the one before would be free, and taken again
        source = torch.full((1000,), float(value))
        result = cache.get("a", [source], lambda source=source: 2 * source)
        assert bool((result == 2 * value).all())
        del source, result


def test_trained_sources_get_a_graph_each_time():
    cache, double = ConstantCache(), Counted(nn.Parameter(torch.ones(2)))
    assert cache.get("a", [double.tensor], double).requires_grad
    with torch.no_grad():
        assert not cache.get("a", [double.tensor], double).requires_grad
        double.tensor.data.add_(1)  # as an exponential moving average does
        assert_close(cache.get("a", [double.tensor], double), torch.full((2,), 4.0))


@pytest.mark.parametrize("copied", [deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_start_empty(copied):
    cache, double = ConstantCache(), Counted(torch.ones(2))
    cache.get("a", [double.tensor], double)
    copied(cache).get("a", [double.tensor], double)
    assert double.count == 2


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_has_results_of_its_own(dtype):
    cache, weight = ConstantCache(), torch.ones(2, 2)

    def product():
        return weight @ weight

    assert cache.get("a", [weight], product).dtype == torch.float32
    with torch.autocast("cpu", dtype):
        assert cache.get("a", [weight], product).dtype == dtype


def test_results_of_inference_mode_can_be_trained_with():
    cache, double = ConstantCache(), Counted(torch.ones(2))
    with torch.inference_mode():
        cache.get("a", [double.tensor], double)
    factor = torch.ones(2, requires_grad=True)
    (factor * cache.get("a", [double.tensor], double)).sum().backward()
    assert double.count == 1
    assert_close(factor.grad, torch.full((2,), 2.0))
