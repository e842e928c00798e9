import os
from contextlib import suppress

import cv2
import numpy as np
import pytest
from mmengine.dataset import Compose
from mmpretrain.datasets.transforms import RandomResizedCrop
from PIL import Image
from torch.utils.data import DataLoader

from lpt_mm.datasets.transforms import LoadImage, LoadRandomResizedCrop
from lpt_mm.utils.seeds import draw_seed

# The share of the area that is cropped, and how far reduced decoding may change the
# mean of 255: the ends of a part are rounded to whole pixels of the reduced image.
REDUCED = [((0.9, 1.0), 8), ((1.0, 1.0), 1)]
DIVISORS = {
    cv2.IMREAD_COLOR: 1,
    cv2.IMREAD_REDUCED_COLOR_2: 2,
    cv2.IMREAD_REDUCED_COLOR_4: 4,
    cv2.IMREAD_REDUCED_COLOR_8: 8,
}
XMP = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="{}"/>
</rdf:RDF>"""


def draw(width, height):
    """A smooth picture with fine waves, a disc and a box, unlike any turn of itself."""
    x, y = np.meshgrid(np.arange(width) / width, np.arange(height) / height)
    waves = [
        np.sin(6 * (a * x + b * y) + channel) + np.sin(9 * (b * x - 2 * a * y)) / 2
        for channel, (a, b) in enumerate([(3, 5), (2, 7), (9, 4)])
    ]
    image = np.clip(128 + 80 * np.stack(waves, axis=-1), 0, 255).astype(np.uint8)
    image[(x - 0.3) ** 2 + (y - 0.4) ** 2 < 0.02] = 250, 20, 30
    image[(abs(x - 0.7) < 0.1) & (abs(y - 0.6) < 0.2)] = 10, 200, 40
    return Image.fromarray(image)


def with_orientation(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def exact(sample, *args, **kwargs):
    kwargs = dict(kwargs, backend="pillow", interpolation="bilinear")
    crop = RandomResizedCrop(*args, **kwargs)
    return crop.transform(sample if "img" in sample else LoadImage().transform(sample))


def differences(sample, *args, seeds=5, **kwargs):
    """The absolute difference to the exact path for each seed."""
    fast = LoadRandomResizedCrop(*args, **kwargs).transform
    for seed in range(seeds):
        np.random.seed(seed)  # noqa: NPY002 (mmpretrain draws from it)
        expected = exact(dict(sample), *args, **kwargs)["img"]
        np.random.seed(seed)  # noqa: NPY002
        yield abs(fast(dict(sample))["img"].astype(int) - expected)


def assert_same(sample, *args, **kwargs):
    """Assert equality within 1, or 2 where a rare pixel is rounded differently."""
    for difference in differences(sample, *args, **kwargs):
        assert difference.max() <= 2
        assert np.mean(difference > 1) < 1e-4


@pytest.fixture
def divisors(monkeypatch):
    """Keep by what the size of each decoded image was divided."""
    seen = []
    decode = cv2.imdecode

    def spy(content, flags):
        seen.append(DIVISORS[flags & ~cv2.IMREAD_IGNORE_ORIENTATION])
        return decode(content, flags)

    monkeypatch.setattr(cv2, "imdecode", spy)
    return seen


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "x.jpg")


def test_a_jpeg_that_is_not_reduced_is_exact(path, divisors):
    draw(500, 375).save(path, quality=90)
    assert_same(dict(img_path=path), 224, seeds=10)
    assert divisors == [1] * 10


@pytest.mark.parametrize(("share", "bound"), REDUCED)
@pytest.mark.parametrize(("scale", "divisor"), [(448, 2), (224, 4), (112, 8)])
def test_a_large_jpeg_is_decoded_reduced(path, divisors, scale, divisor, share, bound):
    draw(1600, 1200).save(path, quality=90)
    found = list(differences(dict(img_path=path), scale, share))
    assert max(d.mean() for d in found) < bound
    assert divisors == [divisor] * 5


@pytest.mark.parametrize("factor", [2, 4, 8])
@pytest.mark.parametrize(
    ("missing", "share"), [((0, 0), 1), ((1, 0), 2), ((0, 1), 2), ((1, 1), 2)]
)
def test_the_reduced_crop_is_no_smaller_than_scale(
    path, divisors, factor, missing, share
):
    scale = (32, 48)
    height, width = np.multiply(factor, scale) - missing
    draw(width, height).save(path, quality=90)
    whole = LoadRandomResizedCrop(scale, (1, 1), (width / height, width / height))
    whole.transform(dict(img_path=path))
    assert divisors == [factor // share]


def test_one_eighth_is_the_least(path, divisors):
    draw(512, 512).save(path, quality=90)
    whole = LoadRandomResizedCrop(16, (1, 1), (1, 1))
    whole.transform(dict(img_path=path))
    assert divisors == [8]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_respected(path, divisors, orientation):
    exif = with_orientation(orientation)
    draw(500, 375).save(path, quality=90, exif=exif)
    assert_same(dict(img_path=path), 224, seeds=3)
    assert divisors == [1] * 3


@pytest.mark.parametrize(("share", "bound"), REDUCED)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_respected_when_reduced(
    path, divisors, orientation, share, bound
):
    exif = with_orientation(orientation)
    draw(640, 480).save(path, quality=90, exif=exif)
    found = list(differences(dict(img_path=path), 100, share, seeds=3))
    assert max(d.mean() for d in found) < bound
    assert divisors == [4] * 3


@pytest.mark.parametrize("orientation", [3, 6])
def test_an_orientation_in_xmp_alone_is_respected(path, orientation):
    draw(500, 375).save(path, quality=90, xmp=XMP.format(orientation).encode())
    assert_same(dict(img_path=path), 224, seeds=3)


@pytest.mark.parametrize(
    ("mode", "name", "options"),
    [
        ("RGB", "x.png", {}),
        ("L", "x.jpg", dict(quality=90)),
        ("L", "x.png", {}),
        ("CMYK", "x.jpg", dict(quality=90)),
        ("RGB", "x.jpg", dict(quality=90, progressive=True)),
        ("P", "x.png", dict(transparency=3)),
        ("RGBA", "x.png", {}),
    ],
)
def test_other_files_are_exact(tmp_path, mode, name, options):
    draw(500, 375).convert(mode).save(tmp_path / name, **options)
    assert_same(dict(img_path=str(tmp_path / name)), 224, seeds=3)


def test_bytes_after_the_end_of_a_jpeg_do_no_harm(path):
    draw(500, 375).save(path, quality=90)
    with open(path, "ab") as file:
        file.write(b"appended")
    assert_same(dict(img_path=path), 224, seeds=3)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda jpeg: jpeg[: len(jpeg) // 2], id="half"),
        pytest.param(lambda jpeg: jpeg[:-200], id="end"),
        pytest.param(
            lambda jpeg: jpeg[: jpeg.index(b"\xff\xda")] + b"\xff\xd9", id="no pixels"
        ),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b"no image", id="text"),
        pytest.param(None, id="missing"),
    ],
)
def test_an_unreadable_file_is_named(tmp_path, path, damage):
    draw(500, 375).save(path, quality=90)
    bad = tmp_path / "bad.jpg"
    if damage is not None:
        with open(path, "rb") as file:
            bad.write_bytes(damage(file.read()))
    with pytest.raises(ValueError, match=r"cannot read the image .*bad\.jpg.*replace"):
        LoadRandomResizedCrop(224).transform(dict(img_path=str(bad)))


def test_without_its_end_marker_a_jpeg_is_left_to_load_image(path, divisors):
    draw(500, 375).save(path, quality=90)
    with open(path, "rb+") as file:
        file.truncate(file.seek(-2, os.SEEK_END))
    with suppress(ValueError):  # Pillow reads some of them whole
        LoadRandomResizedCrop(224).transform(dict(img_path=path))
    assert divisors == []


@pytest.mark.parametrize(("width", "height"), [(32, 32), (500, 375)])
def test_an_image_that_is_there_already_is_only_cropped(divisors, width, height):
    assert_same(dict(img=np.array(draw(width, height))), 224)
    assert divisors == []


def test_a_grey_image_is_cropped_as_one_of_three_equal_channels():
    colour = np.array(draw(60, 40).convert("L").convert("RGB"))
    crops = []
    for image in (colour, colour[..., 0]):
        with draw_seed(0):
            crops.append(LoadRandomResizedCrop(16).transform(dict(img=image))["img"])
    assert crops[1].shape == (16, 16)
    np.testing.assert_array_equal(crops[0], np.stack([crops[1]] * 3, axis=2))


@pytest.mark.parametrize("name", ["x.jpg", "x.png"])
@pytest.mark.parametrize(("width", "height"), [(200, 150), (32, 24)])
def test_scale_is_height_and_width(tmp_path, name, width, height):
    path = str(tmp_path / name)
    draw(width, height).save(path)
    sample = LoadRandomResizedCrop([40, 64]).transform(dict(img_path=path, gt_label=3))
    assert sample["img"].shape == (40, 64, 3)
    assert sample["img"].dtype == np.uint8
    assert sample["img_shape"] == (40, 64)
    assert (sample["img_path"], sample["gt_label"]) == (path, 3)
    assert_same(dict(img_path=path), (70, 110), seeds=2)


@pytest.mark.parametrize("name", ["x.jpg", "x.png"])
@pytest.mark.parametrize("size", [(320, 240), (1600, 1200)])
def test_channels_are_bgr(tmp_path, name, size):
    Image.new("RGB", size, (255, 0, 0)).save(tmp_path / name, quality=90)
    crop = LoadRandomResizedCrop(224).transform(dict(img_path=str(tmp_path / name)))
    np.testing.assert_allclose(crop["img"].reshape(-1, 3) - [0.0, 0, 255], 0, atol=2)


@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_pipeline_begins_with_it(tmp_path, num_workers):
    samples = []
    for label, name in enumerate(["x.jpg", "x.png"]):
        draw(640, 480).save(tmp_path / name)
        samples.append(dict(img_path=str(tmp_path / name), gt_label=label))
    pipeline = Compose(
        [
            dict(type="LoadRandomResizedCrop", scale=64),
            dict(type="RandomFlip", prob=1.0),
            dict(type="PackInputs"),
        ]
    )
    loader = DataLoader(
        samples,
        batch_size=2,
        num_workers=num_workers,
        collate_fn=lambda batch: [pipeline(dict(sample)) for sample in batch],
    )
    (batch,) = loader
    assert [packed["inputs"].shape for packed in batch] == [(3, 64, 64)] * 2
    assert [packed["data_samples"].gt_label.item() for packed in batch] == [0, 1]
    assert [packed["data_samples"].img_shape for packed in batch] == [(64, 64)] * 2
