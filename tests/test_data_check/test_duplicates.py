import os

import numpy as np
import pytest

from lpt_mm.data_check.duplicates import duplicate_groups, find_duplicates
from lpt_mm.data_check.split_scan import scan_splits


class Numbers:
    """Images of one number each, with the number's parity as label."""

    def __init__(self, numbers, labels=None):
        self.metainfo = {}
        self.numbers = numbers
        self.labels = labels or [number % 2 for number in numbers]

    def __len__(self):
        return len(self.numbers)

    def get_data_info(self, index):
        return dict(img=np.array([self.numbers[index]]), gt_label=self.labels[index])


def test_groups_are_of_the_same_digest():
    first = [5, 1, 5, 0, 3, 5, 0, 1, 5]
    second = [1, 1, 1, 0, 3, 1, 0, 2, 2]  # both halves must agree; (0, 0) is nothing
    digests = np.array([first, second], dtype=np.uint64)
    assert [g.tolist() for g in duplicate_groups(digests)] == [[0, 2, 5]]
    same = np.ones((2, 7), dtype=np.uint64)
    assert [g.tolist() for g in duplicate_groups(same)] == [[*range(7)]]
    assert not list(duplicate_groups(np.zeros((2, 0), dtype=np.uint64)))


def test_inside_and_across_splits():
    datasets = dict(
        train=Numbers([1, 2, 3, 2]), val=Numbers([]), test=Numbers([4, 3, 2], [0, 0, 0])
    )
    scans, (digests, _) = scan_splits(datasets, 2)
    assert scans["train"].counts.tolist() == [2, 2]
    found = find_duplicates(datasets, digests)
    assert found.inside.keys() == {"train"}
    assert found.inside["train"].named == ["image 3 = image 1"]
    assert found.across.keys() == {("train", "test")}
    assert sorted(found.across["train", "test"].named) == [
        "image 1 = image 2",
        "image 2 = image 1",
    ]
    assert found.other_label.named == ["image 1 (label 0) = image 2 (label 1)"]


def test_many_parts_stay_in_order():
    numbers = [*range(5000)]
    scans, (digests, _) = scan_splits({"train": Numbers(numbers)}, None)
    assert scans["train"].counts.tolist() == [2500, 2500]
    assert len(np.unique(digests, axis=1).T) == 5000
    one, (expected, _) = scan_splits({"train": Numbers(numbers[2000:2001])}, None)
    assert (digests[:, 2000:2001] == expected).all()
    assert one["train"].out_of_range.total == 0


def test_a_decoder_that_crashes_is_an_error():
    class Crash(Numbers):
        def get_data_info(self, index):
            os._exit(1)

    with pytest.raises(OSError, match="a process that checked images was ended"):
        scan_splits({"train": Crash([1, 2])}, None)
