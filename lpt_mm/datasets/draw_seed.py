"""Random numbers of a sample that depend on nothing but which draw it is."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def draw_seed(*entropy: int) -> Iterator[None]:
    """Seed Python, numpy and torch's CPU, and afterwards put them back as they were.

    Args:
        *entropy: Any numbers from 0 on; all of them matter.

    Yields:
        Nothing.
    """
    seeds = np.random.SeedSequence(entropy).generate_state(3)
    generator = torch.default_generator  # torch.manual_seed is slow before CUDA is up
    states = random.getstate(), np.random.get_state(), generator.get_state()  # noqa: NPY002
    random.seed(int(seeds[0]))
    np.random.seed(seeds[1])  # noqa: NPY002 (mmpretrain draws from the global one)
    generator.manual_seed(int(seeds[2]))
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        generator.set_state(states[2])
