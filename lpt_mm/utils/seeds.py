"""Seeds of Python, numpy and torch together."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def seed_all(*entropy: int) -> None:
    """Seed Python, numpy and torch on all devices by any numbers from 0 on."""
    torch.manual_seed(_seed_python_and_numpy(entropy))


@contextmanager
def draw_seed(*entropy: int) -> Iterator[None]:
    """Seed Python, numpy and torch's CPU, and put them back as they were."""
    generator = torch.default_generator  # torch.manual_seed is slow before CUDA is up
    states = random.getstate(), np.random.get_state(), generator.get_state()  # noqa: NPY002
    generator.manual_seed(_seed_python_and_numpy(entropy))
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        generator.set_state(states[2])


def _seed_python_and_numpy(entropy: tuple[int, ...]) -> int:
    """Seed these two, and return a seed for torch."""
    seeds = np.random.SeedSequence(entropy).generate_state(3)
    random.seed(int(seeds[0]))
    np.random.seed(seeds[1])  # noqa: NPY002 (mmpretrain draws from the global one)
    return int(seeds[2])
