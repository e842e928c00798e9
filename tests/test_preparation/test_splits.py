import numpy as np
import pytest

from lpt_mm.preparation.splits import pretraining_split, stratified_split

LABELS = np.arange(400) % 4  # 100 images of each class


def test_every_class_is_split_by_its_share():
    labels = np.repeat([0, 1, 2, 3, 4], [100, 4, 3, 2, 1])
    parts = stratified_split(labels, [0.1, 0.2], seed=0)
    counts = [np.bincount(labels[part], minlength=5).tolist() for part in parts]
    assert counts == [[70, 2, 2, 1, 1], [10, 1, 0, 0, 0], [20, 1, 1, 1, 0]]
    assert sorted(np.concatenate(parts)) == list(range(110))
    again = stratified_split(labels, [0.1, 0.2], seed=0)
    assert all((a == b).all() for a, b in zip(parts, again, strict=True))
    other = stratified_split(labels, [0.1, 0.2], seed=1)
    assert (parts[2] != other[2]).any()


def test_no_image_is_in_two_parts():
    split = pretraining_split(LABELS, 40, 10, num_val=5, seed=0)
    everything = np.concatenate(list(split.values()))
    assert len(set(everything.tolist())) == len(everything)


def test_parts_have_the_images_asked_for():
    split = pretraining_split(LABELS, 40, 10, num_val=5, seed=0)
    counts = {name: np.bincount(LABELS[part]) for name, part in split.items()}
    assert counts["pretrain"].tolist() == [50] * 4
    assert counts["val"].tolist() == [5] * 4
    # 40 / 10 ** (j / 3), rounded down
    assert counts["train"].tolist() == [40, 18, 8, 4]


def test_the_choice_is_that_of_the_seed():
    first, again, other = (
        pretraining_split(LABELS, 40, 10, 5, seed)["train"].tolist()
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


def test_too_few_images_are_refused():
    with pytest.raises(ValueError, match="class 0 has 100 images; 50 for pre-training"):
        pretraining_split(LABELS, 48, 10, num_val=5, seed=0)
