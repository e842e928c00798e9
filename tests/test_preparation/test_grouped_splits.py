import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpt_mm.preparation.grouped_splits import grouped_split
from lpt_mm.preparation.splits import stratified_split

SHARES = (0.1, 0.2)


def sizes(labels, parts):
    labels = np.asarray(labels)
    return np.stack([np.bincount(labels[p], minlength=max(labels) + 1) for p in parts])


def test_groups_of_one_image_are_split_as_images_are():
    labels = np.repeat([0, 1, 2, 3], [100, 30, 5, 1])
    parts = grouped_split(labels, np.arange(len(labels)).astype(str), SHARES, 0)
    wanted = sizes(labels, stratified_split(labels, SHARES, 0))
    np.testing.assert_array_equal(sizes(labels, parts), wanted)


def test_shares_are_kept_as_far_as_groups_allow():
    """Of each class 20 plants of 5 images: 14, 2 and 4 of them."""
    labels = np.repeat([0, 1], 100)
    parts = grouped_split(labels, (np.arange(200) // 5).astype(str), SHARES, 3)
    np.testing.assert_array_equal(sizes(labels, parts).T, [[70, 10, 20]] * 2)


def test_four_cameras_make_three_parts():
    labels = np.tile([0, 0, 0, 1], 40)
    cameras = np.repeat(list("abcd"), 40)
    parts = grouped_split(labels, cameras, SHARES, 0)
    assert [len(set(cameras[part])) for part in parts] == [2, 1, 1]


def test_a_part_is_empty_where_no_group_can_be_spared():
    """One camera is all that class 1 was seen by, and one the only other one."""
    parts = grouped_split([0, 0, 1, 1, 0], list("aaaab"), SHARES, 0)
    assert [p.tolist() for p in parts] == [[0, 1, 2, 3], [], [4]]
    parts = grouped_split([0, 0, 1, 1], list("aaaa"), SHARES, 0)
    assert [len(p) for p in parts] == [4, 0, 0]


def test_another_seed_is_another_split():
    labels, groups = np.repeat([0, 1], 50), np.repeat(np.arange(50), 2).astype(str)
    one, same, other = (grouped_split(labels, groups, SHARES, i)[0] for i in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert one.tolist() != other.tolist()


IMAGES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 8)), min_size=1)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(IMAGES)
@pytest.mark.filterwarnings("error")
def test_no_group_is_split_and_every_class_is_trained(images):
    labels, groups = zip(*images, strict=True)
    parts = grouped_split(labels, list(map(str, groups)), SHARES, 0)
    assert sorted(np.concatenate(parts)) == list(range(len(images)))
    held = [{groups[i] for i in part} for part in parts]
    assert sum(map(len, held)) == len(set(groups))
    assert {labels[i] for i in parts[0]} == set(labels)
