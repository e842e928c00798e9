import pytest
import torch

from lpt_mm.weights.facts import is_number, is_plain, known_facts


def billion_laughs():
    value = [0]
    for _ in range(7):
        value = [value] * 1000
    return value


def circle():
    value = []
    value.append(value)
    return value


def deep():
    value = 0
    for _ in range(500):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [billion_laughs(), circle(), deep(), {1: 2}, {"a": torch.ones(2)}, [{None: 1}]],
    ids=["laughs", "circle", "deep", "number as key", "tensor", "none as key"],
)
def test_what_is_not_plain_is_told_at_once(value):
    assert not is_plain(value)


def test_settings_are_plain():
    pipeline = [dict(type="Resize", scale=(224, 224), keep=None, p=0.5, on=True)]
    assert is_plain(dict(test=dict(dataset=dict(pipeline=pipeline))))


def test_facts_of_another_type_are_left_out():
    facts = dict(epoch=3, seed=0, cls_num_list=[3, 1], dataset_meta=dict(classes=["a"]))
    odd = dict(iter="1", backbone=circle(), time=3, mmcls_version="0.25", CLASSES=["a"])
    assert known_facts({**facts, **odd}) == facts
    assert known_facts([facts]) == {}


def test_numbers():
    assert all(map(is_number, (0, -1, 0.5, float("inf"))))
    assert not any(map(is_number, (True, None, "1", float("nan"), 10**600, 1j)))
