import numpy as np
import pytest

from lpt_mm.preparation.splits import (
    fold_splits,
    pretraining_split,
    stratified_split,
)

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


SIZES = [7, 8, 9, 14, 15, 23, 25, 100, 1979]


def folds_of(sizes, **kwargs):
    """Give the folds, and the images per class of each split of each."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    folds = fold_splits(labels, seed=0, **kwargs)
    counts = [
        {k: np.bincount(labels[v], minlength=len(sizes)) for k, v in fold.items()}
        for fold in folds
    ]
    return folds, counts


@pytest.mark.parametrize("split", ["test", "val"])
def test_each_image_is_a_test_image_once_and_a_validation_image_at_most_once(split):
    folds, _ = folds_of(SIZES)
    times = np.bincount(np.concatenate([fold[split] for fold in folds]))
    assert len(folds) == 5
    assert set(times.tolist()) == ({1} if split == "test" else {0, 1})


def test_no_image_is_in_two_splits_of_a_fold_and_none_is_left_out():
    for fold in folds_of(SIZES)[0]:
        assert np.array_equal(
            np.sort(np.concatenate(list(fold.values()))), np.arange(sum(SIZES))
        )


def test_each_class_has_a_fifth_for_the_test_and_a_tenth_for_validation():
    sizes = np.array(SIZES)
    for counts in folds_of(SIZES)[1]:
        assert (np.abs(counts["test"] - sizes / 5) < 1).all()
        assert counts["val"].tolist() == [1, 1, 1, 1, 2, 2, 2, 10, 198]
        assert counts["train"].min() >= 4


def test_folds_are_equally_large_where_five_does_not_divide_the_classes():
    _, counts = folds_of([11] * 100)
    assert [c["test"].sum() for c in counts] == [220] * 5


def test_training_images_are_cut_to_the_most_alone():
    most = [4, 5, 4, 6, 4, 4, 9, 1000, 200]
    (whole, all_counts), (cut, counts) = folds_of(SIZES), folds_of(SIZES, most=most)
    for i in range(5):
        assert set(cut[i]["train"]) <= set(whole[i]["train"])
        assert np.array_equal(
            counts[i]["train"], np.minimum(most, all_counts[i]["train"])
        )
        for split in ("val", "test"):
            assert np.array_equal(cut[i][split], whole[i][split])


def test_folds_follow_the_seed():
    labels = np.repeat([0, 1], 50)
    first, again, other = (
        [fold["test"].tolist() for fold in fold_splits(labels, seed)]
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other
