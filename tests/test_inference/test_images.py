"""What the transforms of a model get to see."""

from io import BytesIO

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from lpt_mm.datasets.transforms import UnreadableImageError
from lpt_mm.inference.images import EncodedImage, Preparation, each_image, to_rgb
from lpt_mm.utils.errors import UserError

RED = np.zeros((2, 3, 3), np.uint8) + np.uint8([200, 10, 30])
LOAD, PACK = dict(type="LoadImage"), dict(type="PackInputs")


def prepare(pipeline, image, to_rgb=False, is_grey=False):
    return Preparation(pipeline, dict(to_rgb=to_rgb), is_grey)(image).numpy()


@pytest.mark.parametrize("to_rgb", [True, False])
def test_files_are_loaded_as_bgr_whatever_comes_after(to_rgb, tmp_path):
    Image.fromarray(RED).save(tmp_path / "red.png")
    for image in (RED, tmp_path / "red.png"):
        pixels = prepare([LOAD, PACK], image, to_rgb)
        assert pixels.shape == (3, 2, 3)
        assert pixels[:, 0, 0].tolist() == [30, 10, 200]


def test_without_loading_the_order_is_what_the_preprocessor_expects():
    assert prepare([PACK], RED, to_rgb=False)[:, 0, 0].tolist() == [200, 10, 30]
    assert prepare([PACK], RED, to_rgb=True)[:, 0, 0].tolist() == [30, 10, 200]


def test_grey_models_get_one_channel():
    grey = np.array(Image.fromarray(RED).convert("L"))
    assert_array_equal(prepare([PACK], RED, is_grey=True), grey[None])
    loading = [dict(LOAD, color_type="grayscale"), PACK]
    assert_array_equal(prepare(loading, RED), grey[None])
    assert_array_equal(prepare([PACK], grey, is_grey=True), grey[None])


def test_lists_of_numbers_are_sizes():
    scale = [dict(type="Resize", scale=[5, 4], backend="pillow"), PACK]
    assert prepare(scale, RED).shape == (3, 4, 5)


def test_an_image_of_pillow_is_turned_upright_and_stays_as_it_is(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    Image.fromarray(RED).save(tmp_path / "red.png", exif=exif)
    with Image.open(tmp_path / "red.png") as image:
        assert to_rgb(image).size == (2, 3)
        assert to_rgb(tmp_path / "red.png").size == (2, 3)
        assert image.size == (3, 2)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "I;16"])
def test_images_of_pillow_of_any_kind_are_as_their_files(tmp_path, mode):
    image = Image.fromarray(RED[..., 0] * 150 if mode == "I;16" else RED)
    image = image.convert(mode)
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    image.save(path)
    assert_array_equal(np.array(to_rgb(image)), np.array(to_rgb(path)))


def test_a_broken_image_of_pillow_is_named(tmp_path):
    Image.fromarray(np.tile(RED, (50, 50, 1))).save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(content[: len(content) // 2])
    with (
        Image.open(tmp_path / "a.png") as image,
        pytest.raises(UnreadableImageError, match="truncated"),
    ):
        to_rgb(image)


@pytest.mark.parametrize(
    "array",
    [RED / 255, RED.astype(np.int64), RED[..., :2], RED[None], RED[0, 0], RED[:0]],
)
def test_arrays_that_are_no_images_are_refused(array):
    with pytest.raises(UnreadableImageError, match="uint8 in RGB"):
        to_rgb(array)


@pytest.mark.parametrize("image", [None, 3, b"x", {"a": 1}])
def test_what_is_no_image_is_a_defect(image):
    with pytest.raises(TypeError):
        to_rgb(image)


def test_urls_are_not_fetched():
    with pytest.raises(UnreadableImageError, match="only local files"):
        to_rgb("https://example.org/x.jpg")


EDGE = dict(type="ResizeEdge", scale=256, edge="short")


def test_what_grows_too_large_is_refused_by_its_shape():
    image = EncodedImage("a.png", encode(np.zeros((1, 101, 3), np.uint8)))
    message = "the image 'a.png' is 101 x 1 pixels wide and high, .* at most 100 times"
    with pytest.raises(UnreadableImageError, match=message):
        prepare([EDGE, PACK], image)
    assert prepare([EDGE, PACK], RED[:1].repeat(33, axis=1)).shape == (3, 256, 99 * 256)
    squeezed = [dict(type="Resize", scale=[5, 4], backend="pillow"), PACK]
    assert prepare(squeezed, image).shape == (3, 4, 5)


@pytest.mark.parametrize("backend", ["pillow", "cv2"])
def test_an_image_without_height_after_the_transforms_is_named(backend):
    image = EncodedImage("a.png", encode(np.zeros((1, 90, 3), np.uint8)))
    shrink = dict(type="Resize", scale=[20, 20], keep_ratio=True, backend=backend)
    with pytest.raises(UnreadableImageError, match="'a.png' cannot be transformed"):
        prepare([shrink, PACK], image)


def test_an_image_without_room_for_it_is_named(monkeypatch):
    def fail(*_):
        raise MemoryError

    preparation = Preparation([PACK], {}, is_grey=False)
    monkeypatch.setattr(preparation, "_transform", fail)
    with pytest.raises(UnreadableImageError, match=r"transformed \(MemoryError"):
        preparation(RED)


def encode(pixels):
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_one_image_and_many():
    assert list(each_image("a.jpg")) == ["a.jpg"]
    assert [x.shape for x in each_image(RED)] == [RED.shape]
    assert [x.shape for x in each_image(np.stack([RED] * 3))] == [RED.shape] * 3
    assert list(each_image(x for x in "ab")) == ["a", "b"]


@pytest.mark.parametrize("options", [dict(crop_size="x"), dict(crop_size=0), {}])
def test_transforms_that_cannot_be_built_are_refused_in_a_line(options):
    crop = dict(type="CenterCrop", **options)
    with pytest.raises(UserError, match="transforms of the test cannot be") as error:
        Preparation([crop, PACK], {}, is_grey=False)
    assert "\n" not in str(error.value)
