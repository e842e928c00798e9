"""What the samplers promise, for any labels and any number of processes."""

from collections import Counter
from itertools import chain
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmpretrain.registry import DATA_SAMPLERS
from torch.utils.data import BatchSampler

KINDS = pytest.mark.parametrize("kind", ["ClassBalancedSampler", "DualSampler"])
MANY = settings(deadline=None, derandomize=True, max_examples=50)
PROCESSES = st.integers(1, 9)


class Labelled(list):
    """A data set that is nothing but labels."""

    def get_gt_labels(self):
        return self


@st.composite
def label_lists(draw):
    """Draw labels: classes of very different sizes, with gaps between their indices."""
    sizes = st.lists(st.integers(1, 8) | st.integers(1, 300), min_size=1, max_size=12)
    sizes = draw(sizes)
    names = draw(st.lists(st.integers(0, 8141), min_size=12, max_size=12, unique=True))
    labels = np.repeat(names[: len(sizes)], sizes)
    order = np.random.default_rng(draw(st.integers(0, 99))).permutation(len(labels))
    return Labelled(labels[order].tolist())


def build(kind, labels, process=(0, 1), epoch=0, seed=3, **kwargs):
    where = "mmengine.dataset.sampler.get_dist_info"
    cfg = dict(type=f"mmpretrain.{kind}", dataset=labels, seed=seed, **kwargs)
    with mock.patch(where, lambda: process):
        sampler = DATA_SAMPLERS.build(cfg)
    sampler.set_epoch(epoch)
    return sampler


def draws_of(kind, labels, **kwargs):
    """Return the class-balanced draws of an epoch."""
    draws = list(build(kind, labels, **kwargs))
    return [pair[1] for pair in draws] if kind == "DualSampler" else draws


@KINDS
@MANY
@given(label_lists(), st.integers(1, 7), st.integers(0, 3))
def test_every_class_and_each_of_its_images_come_equally_often(
    kind, labels, images_per_class, epoch
):
    draws = draws_of(kind, labels, images_per_class=images_per_class, epoch=epoch)
    assert len(draws) == len(labels)
    by_image = Counter(draws)
    by_class = Counter(labels[image] for image in draws)
    of_class = [by_class[label] for label in set(labels)]
    # All classes come before any comes again, and one that comes is shown so often.
    assert max(of_class) - min(of_class) <= images_per_class
    for label in set(labels):
        times = [by_image[i] for i, other in enumerate(labels) if other == label]
        assert max(times) - min(times) <= 1
    # So it is at any time, not at the end alone.
    per_class = images_per_class * len(set(labels))
    for start in range(0, len(draws) - per_class + 1, per_class):
        round_ = Counter(labels[i] for i in draws[start : start + per_class])
        assert round_ == dict.fromkeys(set(labels), images_per_class)


@MANY
@given(label_lists(), st.integers(0, 3))
def test_the_instance_balanced_stream_is_every_image_once(labels, epoch):
    pairs = build("DualSampler", labels, epoch=epoch)
    assert sorted(pair[0] for pair in pairs) == list(range(len(labels)))


@KINDS
@MANY
@given(label_lists(), PROCESSES, st.booleans(), st.integers(0, 3))
def test_processes_share_the_draws_of_one(kind, labels, processes, round_up, epoch):
    whole = list(build(kind, labels, epoch=epoch))
    samplers = [
        build(kind, labels, (rank, processes), epoch, round_up=round_up)
        for rank in range(processes)
    ]
    parts = [list(sampler) for sampler in samplers]
    assert [len(sampler) for sampler in samplers] == [len(part) for part in parts]
    dealt = [draw for turn in zip(*parts, strict=True) for draw in turn]
    if round_up:
        assert 0 <= len(dealt) - len(whole) < processes
        repeated = whole * processes
        assert dealt == repeated[: len(dealt)]
    else:
        assert 0 <= len(whole) - len(dealt) < processes
        assert dealt == whole[: len(dealt)]


@KINDS
@MANY
@given(label_lists(), PROCESSES, st.integers(1, 20))
def test_steps_and_their_images_are_those_of_one_process(
    kind, labels, processes, batch_size
):
    def steps(processes, batch_size):
        """Return the draws of each step, of all processes together, in order."""
        by_rank = [
            BatchSampler(
                build(kind, labels, (rank, processes), round_up=False),
                batch_size,
                drop_last=True,
            )
            for rank in range(processes)
        ]
        return [sorted(chain(*step)) for step in zip(*by_rank, strict=True)]

    total = processes * batch_size
    together = steps(processes, batch_size)
    assert together == steps(1, total)
    assert len(together) == len(labels) // total


@KINDS
@MANY
@given(label_lists(), st.integers(0, 2**31), st.integers(0, 99))
def test_seed_and_epoch_decide(kind, labels, seed, epoch):
    where = dict(seed=seed, epoch=epoch)
    assert list(build(kind, labels, **where)) == list(build(kind, labels, **where))


@KINDS
@pytest.mark.parametrize("other", [dict(seed=4), dict(epoch=1)])
def test_others_draw_otherwise(kind, other):
    labels = Labelled([0] * 50 + [1] * 5)
    assert list(build(kind, labels)) != list(build(kind, labels, **other))


@KINDS
def test_the_last_draws_of_several_processes_make_no_step_of_their_own(kind):
    labels = Labelled([i % 10 for i in range(319)])
    for round_up, steps in ((True, 5), (False, 4)):
        loaders = [
            BatchSampler(build(kind, labels, (rank, 4), round_up=round_up), 16, True)
            for rank in range(4)
        ]
        assert [len(loader) for loader in loaders] == [steps] * 4
