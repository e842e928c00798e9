"""Images that look alike, and groups of images, on both sides of a split."""

from unittest.mock import patch

import numpy as np
from PIL import Image

from lpt_mm.data_check.appearance import (
    HASH_BYTES,
    NO_APPEARANCE,
    appearance,
    appearance_of_array,
)
from lpt_mm.data_check.near_duplicates import most_alike
from lpt_mm.data_check.pair_picture import draw_pairs
from tests.test_data_check.test_check_dataset import (  # noqa: F401 (fixtures)
    TOOL,
    config,
    data,
    read,
)


def scene(seed, size=64):
    """Make a picture with things of all sizes to see, as photos have."""
    rng, pixels = np.random.default_rng(seed), np.full((64, 64, 3), 128.0)
    for cells in (4, 8, 16, 32):
        pattern = rng.normal(0, 100 / cells**0.5, (cells, cells, 3))
        pixels += np.kron(pattern, np.ones((64 // cells, 64 // cells, 1)))
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return image.resize((size, size), Image.Resampling.BICUBIC)


def next_shot(image, shift=1):
    """Make the next picture of a burst: moved a little, brighter, with other noise."""
    pixels = np.roll(np.asarray(image, float), shift, axis=1) * 1.05 + 3
    pixels += np.random.default_rng(9).normal(0, 3, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def looks(*images):
    return np.frombuffer(b"".join(map(appearance, images)), np.uint8).reshape(
        len(images), len(NO_APPEARANCE)
    )


def test_the_next_shot_is_alike_and_another_scene_is_not():
    train = looks(*map(scene, range(40)))
    shots = looks(next_shot(scene(7)), scene(99), next_shot(scene(3).resize((256, 90))))
    assert list(most_alike(shots, train)) == [(0, 7), (2, 3)]


def test_bits_and_pixels_both_decide():
    one = looks(scene(0))
    other = one.copy()
    other[0, :6] ^= 255  # 48 bits
    assert list(most_alike(one, other)) == [(0, 0)]
    other[0, 6] ^= 1
    assert list(most_alike(one, other)) == []
    negative = one.copy()
    negative[:, HASH_BYTES:] = 255 - one[:, HASH_BYTES:]
    assert list(most_alike(one, negative)) == []


def test_of_several_the_most_alike_is_found_in_any_block():
    one, exact = looks(scene(0), scene(1)), looks(scene(1), scene(0))
    shots = looks(next_shot(scene(0)), next_shot(scene(1)))
    others = np.concatenate([shots, np.zeros((5, len(NO_APPEARANCE)), np.uint8), exact])
    for columns in (1, 3, 100):
        with patch("lpt_mm.data_check.near_duplicates.COLUMNS", columns):
            assert list(most_alike(one, others)) == [(0, 8), (1, 7)]


def test_what_has_too_little_to_see_looks_like_nothing():
    assert appearance(Image.new("RGB", (64, 64), (9, 99, 9))) == NO_APPEARANCE
    assert appearance(scene(0, size=15)) == NO_APPEARANCE
    assert appearance(scene(0, size=16)) != NO_APPEARANCE
    pixels = np.asarray(scene(0))
    assert appearance_of_array(pixels) == appearance(scene(0))
    for array in (pixels / 255, pixels[..., :2], pixels[0, 0], pixels[:0]):
        assert appearance_of_array(array) == NO_APPEARANCE
    nothing = np.zeros((2, len(NO_APPEARANCE)), np.uint8)
    assert list(most_alike(nothing, nothing)) == []


def save_shots(folder):
    """Take two images of the test, and one of another class, in bursts of training."""
    for name, seed, twin in (
        ("train/cat/0", 1, "test/cat/0"),
        ("train/cat/1", 2, "test/cat/1"),
        ("train/dog/0", 3, "val/emu/0"),
    ):
        scene(seed).save(folder / f"{name}.jpg")
        next_shot(scene(seed)).save(folder / f"{twin}.jpg")


def test_near_duplicates_are_told_and_shown(run_here, config, data, tmp_path):  # noqa: F811
    save_shots(data)
    out = run_here(TOOL, config, "--out", "out")
    lines = [line for line in out.splitlines() if "one of train" in line]
    other, same = sorted(lines, key=lambda line: "the same class" in line)
    assert same.startswith(
        "warning: test: 2 of 6 images (33.3 %) look like one of train of the same "
        "class: distrust the accuracy on test, up to 33.3 points of which may be memory"
    )
    assert same.endswith(
        ": data/test/cat/0.jpg ~ data/train/cat/0.jpg, "
        "data/test/cat/1.jpg ~ data/train/cat/1.jpg"
    )
    assert other.startswith(
        "warning: val: 1 of 6 images (16.7 %) looks like one of train of another class"
    )
    assert other.endswith(": data/val/emu/0.jpg ~ data/train/dog/0.jpg")
    found = read(tmp_path / "out", "warnings")["near_duplicates_across_splits"]
    assert found["total"] == 2
    with Image.open(tmp_path / "out" / "near_duplicates.png") as picture:
        assert picture.width > 1000


def test_a_picture_of_an_older_report_goes(run_here, config, data, tmp_path):  # noqa: F811
    save_shots(data)
    run_here(TOOL, config)
    (picture,) = tmp_path.glob("work_dirs/*/data/near_duplicates.png")
    for name in ("cat/0", "cat/1"):
        scene(50).resize((20, 20)).save(data / "test" / f"{name}.jpg")
        (data / "train" / f"{name}.jpg").write_bytes(
            (data / "val/cat/0.jpg").read_bytes()
        )
    run_here(TOOL, config)
    assert not picture.exists()


def test_pairs_are_drawn_whatever_the_files_are_called(tmp_path):
    names = [r"c$\frac$.png", "\x1b[2J\u202e.png", "_.png", "x" * 200 + ".png"]
    for name in names:
        scene(0).save(tmp_path / name)
    infos = [dict(img_path=str(tmp_path / name)) for name in names]
    infos.append(dict(img=np.asarray(scene(1))))
    draw_pairs(dict(val=[(x, infos[0]) for x in infos]), tmp_path / "pairs.png")
    with Image.open(tmp_path / "pairs.png") as picture:
        assert picture.height > picture.width / 4


def test_the_same_file_is_told_once(run_here, config, data):  # noqa: F811
    scene(1).save(data / "train/cat/0.jpg")
    (data / "test/cat/0.jpg").write_bytes((data / "train/cat/0.jpg").read_bytes())
    out = run_here(TOOL, config, fails=True)
    assert "error: test: 1 image is in train as well" in out
    assert "one of train" not in out


def test_groups_that_cross_are_told(run_here, config, data, tmp_path):  # noqa: F811
    table = ["path,plant"]
    for file in sorted(data.rglob("*.jpg")):
        split, name, stem = file.relative_to(data).with_suffix("").parts
        plant = name if stem == "0" and split != "val" else f"{split}{name}{stem}"
        table.append(f"{split}/{name}/{stem}.jpg,{plant}")
    (data / "plants.csv").write_text("\n".join(table))
    options = ("--group-by", "data/plants.csv:plant", "--out", "out")
    out = run_here(TOOL, config, *options)
    assert (
        "warning: test: 3 of 6 groups, 3 of 6 images (50.0 %), are in train as well: "
        "distrust the accuracy on test, up to 50.0 points of which may be memory"
    ) in out
    found = read(tmp_path / "out", "warnings")["groups_across_splits"]
    assert found["named"] == ["cat", "dog", "emu"]
    out = run_here(TOOL, config, "--group-by", "1", "--out", "other")
    assert "test: 3 of 3 groups, 6 of 6 images (100.0 %), are in train" in out
    assert "val: 3 of 3 groups" in out


def test_groups_that_cannot_be_had_end_the_check(run_here, config, tmp_path):  # noqa: F811
    out = run_here(TOOL, config, "--group-by", "(x)", "--out", "out", fails=True)
    assert "error: 15 of 15 images have no group by '(x)': train/cat/0.jpg" in out
    assert not (tmp_path / "out").exists()


def test_images_without_files_have_no_groups(run_here):
    leaf = TOOL.parents[2] / "configs" / "lpt" / "phase1_digits_lt.py"
    out = run_here(TOOL, leaf, "--group-by", "1", fails=True)
    assert "error: only images in files have groups" in out
