import pickle
import random
from typing import ClassVar

import numpy as np
import pytest
import torch
from mmengine.registry import FUNCTIONS
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS, TRANSFORMS
from PIL import Image
from torch.utils.data import DataLoader

from lpt_mm.datasets import DualSamplerDataset, LongTailedSubset
from lpt_mm.datasets.labels import gt_labels
from lpt_mm.datasets.samplers.long_tail_sampler import Draw
from lpt_mm.datasets.transforms import LoadImage, UnreadableImageError
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.seeds import draw_seed

DIGITS = dict(type="DigitsLT", split="train", pipeline=[dict(type="PackInputs")])
DUAL_DIGITS = dict(type="DualSamplerDataset", dataset=DIGITS)


def build_dual():
    return DATASETS.build(DUAL_DIGITS)


def test_a_pair_gives_both_samples_with_their_tags():
    dual = build_dual()
    pair = dual[(3, 200)]
    for sample, index, tag in zip(
        pair, (3, 200), ("instance_balanced", "class_balanced"), strict=True
    ):
        assert torch.equal(sample["inputs"], dual.dataset[index]["inputs"])
        assert sample["data_samples"].sampling == tag


def test_passes_on_what_the_wrapped_data_set_knows():
    dual = build_dual()
    assert len(dual) == 335
    assert dual.metainfo["classes"] == tuple("0123456789")
    labels = [dual.get_data_info(i)["gt_label"] for i in range(335)]
    assert gt_labels(dual).tolist() == labels


class Plain:
    """A data set of torch's kind, which is loaded at once."""

    metainfo: ClassVar = dict(classes=("ant", "bee"))

    def __len__(self):
        return 12

    def get_data_info(self, index):
        return dict(gt_label=index % 2)


def test_data_sets_that_are_loaded_at_once_can_be_wrapped():
    subset = LongTailedSubset(Plain(), imbalance_ratio=2)
    dual = DualSamplerDataset(subset)
    for dataset in (subset, dual, DualSamplerDataset(Plain())):
        dataset.full_init()
    assert np.bincount(gt_labels(dual)).tolist() == [6, 3]


def test_labels_of_wrapped_data_sets():
    digits = dict(type="DigitsLT", split="train")
    twice = DATASETS.build(dict(type="RepeatDataset", dataset=digits, times=2))
    expected = np.tile(gt_labels(DATASETS.build(digits)), 2)
    np.testing.assert_array_equal(gt_labels(twice), expected)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_collate_makes_one_batch_of_pairs(num_workers):
    dual = build_dual()
    pairs = [(0, 300), (1, 301), (2, 302)]
    loader = DataLoader(
        dual,
        batch_size=3,
        sampler=pairs,
        num_workers=num_workers,
        collate_fn=FUNCTIONS.get("dual_collate"),
    )
    batch = next(iter(loader))
    expected = [dual.dataset[i]["inputs"] for i in (0, 1, 2, 300, 301, 302)]
    assert torch.equal(batch["inputs"], torch.stack(expected))
    tags = [sample.sampling for sample in batch["data_samples"]]
    assert tags == ["instance_balanced"] * 3 + ["class_balanced"] * 3


def test_refuses_plain_indices():
    with pytest.raises(
        UserError, match="needs draws, got the plain index 5: set sampler"
    ):
        build_dual()[5]


def test_a_draw_of_one_stream_gives_one_sample_without_a_tag():
    dual = build_dual()
    sample = dual[Draw(3, number=0)]
    assert torch.equal(sample["inputs"], dual.dataset[3]["inputs"])
    assert "sampling" not in sample["data_samples"]


def test_an_image_that_is_drawn_again_is_another_sample():
    digits = dict(type="DigitsLT", split="train", pipeline=CROP)
    dual = DATASETS.build(dict(type="DualSamplerDataset", dataset=digits))
    dual.start_epoch(seed=1, epoch=2)
    first, again, same = (dual[Draw(3, number=n)]["inputs"] for n in (0, 1, 0))
    assert torch.equal(first, same)
    assert not torch.equal(first, again)


CROP = [dict(type="RandomCrop", crop_size=8, padding=4), dict(type="PackInputs")]


def build_loader(workers, persistent=False, pipeline=CROP, sampler="DualSampler"):
    digits = dict(type="DigitsLT", split="train", pipeline=pipeline, indices=48)
    cfg = dict(
        dataset=dict(type="DualSamplerDataset", dataset=digits),
        sampler=dict(type=sampler),
        collate_fn=dict(type="dual_collate"),
        batch_size=8,
        num_workers=workers,
        persistent_workers=persistent,
    )
    return Runner.build_dataloader(cfg, seed=0)


def read_epochs(loader, epochs=2):
    for epoch in range(epochs):
        loader.dataset.start_epoch(7, epoch)
        loader.sampler.set_epoch(epoch)
        yield torch.stack([batch["inputs"] for batch in loader])
    if loader.persistent_workers:
        loader._iterator._shutdown_workers()


@pytest.mark.parametrize("sampler", ["DualSampler", "ClassBalancedSampler"])
def test_samples_do_not_depend_on_who_makes_them(sampler):
    first, second = read_epochs(build_loader(0, sampler=sampler))
    assert not torch.equal(first, second)
    for workers, persistent in ((2, False), (2, True)):
        again = list(read_epochs(build_loader(workers, persistent, sampler=sampler)))
        assert torch.equal(torch.stack(again), torch.stack([first, second]))


@pytest.mark.parametrize("workers", [0, 2])
def test_each_draw_of_an_image_is_cropped_anew(workers):
    """mmengine seeds its workers alike in every epoch."""
    loader = build_loader(workers)
    loader.sampler.draw = lambda rng: np.zeros(48, dtype=np.int64)
    first, second = (epoch[:, 8:].flatten(0, 1) for epoch in read_epochs(loader))
    kinds = len(torch.unique(first.flatten(1), dim=0))
    assert kinds > 24  # of 81 places for 48 draws of one image
    assert (first != second).flatten(1).any(dim=1).float().mean() > 0.9


def test_streams_of_a_pair_are_seeded_apart():
    loader = build_loader(0)
    pairs = [loader.dataset[(i, i)] for i in range(20)]
    same = [torch.equal(a["inputs"], b["inputs"]) for a, b in pairs]
    assert sum(same) < 10


def test_global_random_numbers_are_left_alone():
    loader = build_loader(0)

    def draw():
        return random.random(), np.random.rand(), torch.rand(1).item()  # noqa: NPY002

    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    expected = draw()
    random.setstate(states[0])
    np.random.set_state(states[1])  # noqa: NPY002
    torch.set_rng_state(states[2])
    loader.dataset[(1, 2)]
    with pytest.raises(KeyError), draw_seed(1):
        raise KeyError
    assert draw() == expected


def make_photos(folder, broken):
    """Lay out 4 images of each of 2 classes, some of them broken."""
    rng = np.random.default_rng(0)
    lines = []
    for i in range(8):
        image = rng.integers(256, size=(20, 20, 3), dtype=np.uint8)
        Image.fromarray(image).save(folder / f"{i}.png")
        if i in broken:
            (folder / f"{i}.png").write_bytes(b"broken")
        lines.append(f"{i}.png {i % 2}\n")
    (folder / "list.txt").write_text("".join(lines))
    pipeline = [
        dict(type="LoadImage"),
        dict(type="RandomCrop", crop_size=16),
        dict(type="PackInputs"),
    ]
    split = dict(type="SplitList", data_root=str(folder), ann_file="list.txt")
    return dict(split, pipeline=pipeline)


def build_photos(folder, broken, **kwargs):
    photos = make_photos(folder, broken)
    return DATASETS.build(dict(type="DualSamplerDataset", dataset=photos, **kwargs))


def paths_of(samples):
    return [sample["data_samples"].img_path[-5:] for sample in samples]


def test_the_first_unreadable_image_stops_a_run(tmp_path):
    dual = build_photos(tmp_path, {3})
    for _ in range(2):  # the other batches of a worker must not come through
        with pytest.raises(UnreadableImageError, match=r"cannot read .*3\.png"):
            dual[(3, 1)]


def test_the_next_of_the_class_stands_in_for_an_unreadable_image(tmp_path):
    dual = build_photos(tmp_path, {3, 5, 6}, max_unreadable=3)
    assert paths_of(dual[(3, 6)]) == ["7.png", "0.png"]
    assert paths_of(dual[(5, 7)]) == ["7.png", "7.png"]
    assert paths_of(dual[(6, 3)]) == ["0.png", "7.png"]
    assert [path[-5:] for path in dual.unreadable()] == ["3.png", "5.png", "6.png"]


def test_too_many_unreadable_images_stop_a_run(tmp_path):
    dual = build_photos(tmp_path, {1, 2, 7}, max_unreadable=2)
    dual[(1, 2)]
    dual[(1, 2)]  # the same ones count once
    for pair in ((7, 0), (1, 2)):
        with pytest.raises(
            UnreadableImageError, match=r"3 training .* max_unreadable=2: "
        ):
            dual[pair]


def test_a_stand_in_does_not_depend_on_when_it_was_found_to_be_needed(tmp_path):
    photos = make_photos(tmp_path, {3})
    crop = dict(type="RandomCrop", crop_size=8)
    # A transform that draws and then fails to read, as some decoders do.
    photos["pipeline"] = [dict(type="LateRead"), crop, dict(type="PackInputs")]
    cfg = dict(type="DualSamplerDataset", dataset=photos, max_unreadable=1)
    dual = DATASETS.build(cfg)
    first, again = dual[(3, 1)], dual[(3, 1)]
    assert paths_of(first) == ["5.png", "1.png"]
    assert torch.equal(first[0]["inputs"], again[0]["inputs"])


@TRANSFORMS.register_module()
class LateRead(LoadImage):
    def transform(self, results):
        np.random.rand()  # noqa: NPY002
        return super().transform(results)


def test_labels_are_read_once(tmp_path, monkeypatch):
    dual = build_photos(tmp_path, {1, 3}, max_unreadable=2)
    seen = []
    monkeypatch.setattr(
        dual.dataset, "get_gt_labels", lambda: seen.append(1) or [0] * 8
    )
    for pair in ((1, 3), (3, 1)):
        dual[pair]
    assert seen == [1]


def test_a_class_without_a_readable_image_stops_a_run(tmp_path):
    dual = build_photos(tmp_path, {1, 3, 5, 7}, max_unreadable=8)
    with pytest.raises(UnreadableImageError, match="none of the images of the class"):
        dual[(0, 3)]


@pytest.mark.parametrize("persistent", [False, True])
def test_workers_count_unreadable_images_together(tmp_path, persistent):
    dual = build_photos(tmp_path, {1, 2}, max_unreadable=2)
    loader = DataLoader(
        dual,
        batch_size=1,
        sampler=[(i, i) for i in range(8)],
        num_workers=2,
        persistent_workers=persistent,
        collate_fn=FUNCTIONS.get("dual_collate"),
    )
    assert len(list(loader)) == 8
    assert [path[-5:] for path in dual.unreadable()] == ["1.png", "2.png"]
    if persistent:
        loader._iterator._shutdown_workers()


def test_errors_come_through_processes():
    error = UnreadableImageError("cannot read the image 'a'")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_negative_limit_is_refused(tmp_path):
    with pytest.raises(ValueError, match="got -1"):
        build_photos(tmp_path, set(), max_unreadable=-1)


def test_a_tool_can_look_at_the_images():
    dual = build_dual()
    seen = []
    transforms = dual.pipeline.transforms
    dual.pipeline = lambda sample: seen.append(sample["img"]) or transforms[0](sample)
    samples = [sample for _, sample in zip(range(3), dual, strict=False)]
    assert len(seen) == 3
    for index, sample in enumerate(samples):
        image = dual.get_data_info(index)["img"]
        np.testing.assert_array_equal(sample["inputs"][0], image)
        assert "sampling" not in sample["data_samples"]


def test_folds_go_into_the_streams_and_not_around_them():
    with pytest.raises(NotImplementedError, match="put KFoldDataset.* into its data"):
        DATASETS.build(dict(type="KFoldDataset", dataset=DUAL_DIGITS))
    digits = dict(type="DigitsLT", split="train")
    folds = dict(type="KFoldDataset", dataset=digits, num_splits=5)
    dual = DATASETS.build(dict(type="DualSamplerDataset", dataset=folds))
    assert len(dual) == len(gt_labels(dual)) == 335 * 4 // 5
