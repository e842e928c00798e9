"""Odd and hostile image files: read rightly, or named."""

import os
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from lpt_mm.data_check.image_check import check_image
from lpt_mm.datasets.transforms import (
    LoadImage,
    LoadRandomResizedCrop,
    UnreadableImageError,
)
from lpt_mm.datasets.transforms.image_file import (
    FORMATS,
    MAX_PIXELS,
    decode_image,
)

# A red, a green, a blue and a grey quarter.
QUARTERS = np.zeros((16, 16, 3), dtype=np.uint8)
QUARTERS[:8, :8] = 255, 0, 0
QUARTERS[:8, 8:] = 0, 255, 0
QUARTERS[8:, :8] = 0, 0, 255
QUARTERS[8:, 8:] = 128
GREY = np.round(QUARTERS @ [0.299, 0.587, 0.114]).astype(np.uint8)
PICTURE = Image.fromarray(QUARTERS)


def load(path):
    return LoadImage().transform(dict(img_path=str(path)))["img"][..., ::-1]


def crop(path):
    sample = LoadRandomResizedCrop(16, (1, 1), (1, 1)).transform(
        dict(img_path=str(path))
    )
    return sample["img"][..., ::-1]


def assert_read_as(path, expected, tolerance=2):
    """Look at the middle of each quarter, as all who read the file see it."""
    assert check_image(dict(img_path=str(path))).fault == ""
    for image in (load(path), crop(path)):
        assert image.shape == expected.shape
        assert image.dtype == np.uint8
        middle = np.ix_((4, 12), (4, 12))
        difference = image[middle].astype(int) - expected[middle]
        assert abs(difference).max() <= tolerance


def as_colour(grey):
    return np.repeat(grey[..., None], 3, axis=2)


@pytest.mark.parametrize(
    ("name", "mode", "tolerance"),
    [
        ("x.png", "RGB", 0),
        ("x.png", "RGBA", 0),
        ("x.png", "P", 30),
        ("x.gif", "P", 30),
        ("x.bmp", "RGB", 0),
        ("x.ppm", "RGB", 0),
        ("x.tif", "CMYK", 2),
        ("x.jpg", "CMYK", 10),
        ("x.jpg", "RGB", 10),
        ("x.tif", "LAB", 60),
        ("x.webp", "RGB", 40),
        ("x.jp2", "RGB", 10),
    ],
)
def test_kinds_of_colour_are_read(tmp_path, name, mode, tolerance):
    image = PICTURE
    if mode == "LAB":
        from PIL import ImageCms

        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(PICTURE, *profiles, outputMode="LAB")
    options = dict(quality=95) if name.endswith((".jpg", ".webp")) else {}
    image.convert(mode).save(tmp_path / name, **options)
    if mode == "LAB":  # Pillow's own conversion is the measure
        with Image.open(tmp_path / name) as saved:
            assert_read_as(tmp_path / name, np.asarray(saved.convert("RGB")), 0)
        return
    assert_read_as(tmp_path / name, QUARTERS, tolerance)


@pytest.mark.parametrize("name", ["x.png", "x.tif", "x.ppm"])
def test_16_bit_grey_is_scaled(tmp_path, name):
    values = GREY.astype(np.uint16) * 257
    Image.fromarray(values).save(tmp_path / name)
    assert_read_as(tmp_path / name, as_colour(GREY), 0)


def write_png(path, raw, depth, colour_type, size=(16, 16)):
    """Write a PNG of any depth, which Pillow does not."""

    def chunk(kind, content):
        body = kind + content
        return (
            struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
        )

    header = struct.pack(">2I5B", *size, depth, colour_type, 0, 0, 0)
    rows = b"".join(b"\0" + row for row in raw)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    content = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)
    path.write_bytes(content)


def test_16_bit_colour_is_scaled(tmp_path):
    raw = [(row.astype(">u2") * 257).tobytes() for row in QUARTERS]
    write_png(tmp_path / "x.png", raw, depth=16, colour_type=2)
    assert_read_as(tmp_path / "x.png", QUARTERS, 1)


def test_black_and_white_and_grey(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "grey.png")
    assert_read_as(tmp_path / "grey.png", as_colour(GREY), 0)
    bits = GREY > 100
    Image.fromarray(bits).save(tmp_path / "bits.png")
    assert_read_as(tmp_path / "bits.png", as_colour(bits.astype(np.uint8) * 255), 0)
    alpha = Image.fromarray(np.full((16, 16), 255, np.uint8))
    Image.merge("LA", (Image.fromarray(GREY), alpha)).save(tmp_path / "la.png")
    assert_read_as(tmp_path / "la.png", as_colour(GREY), 0)


@pytest.mark.parametrize("name", ["x.gif", "x.png", "x.webp"])
def test_the_first_frame_is_read(tmp_path, name):
    others = [Image.new("RGB", (16, 16), colour) for colour in ("white", "black")]
    options = dict(lossless=True) if name == "x.webp" else {}
    PICTURE.save(tmp_path / name, save_all=True, append_images=others, **options)
    assert_read_as(tmp_path / name, QUARTERS, 2)


def test_a_name_says_nothing(tmp_path):
    PICTURE.save(tmp_path / "x.jpg", format="PNG")
    assert_read_as(tmp_path / "x.jpg", QUARTERS, 0)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1)])
def test_slender_images_are_read(tmp_path, size):
    for name in ("x.png", "x.jpg"):
        Image.new("RGB", size, (250, 0, 0)).save(tmp_path / name, quality=95)
        assert load(tmp_path / name).shape == (*size[::-1], 3)
        image = LoadRandomResizedCrop(16).transform(dict(img_path=str(tmp_path / name)))
        assert image["img"].shape == (16, 16, 3)
        assert abs(image["img"].astype(int) - (0, 0, 250)).max() < 12


def refuse(path, *reasons):
    """Assert that all who read a file refuse it, and name it."""
    for read in (load, crop):
        with pytest.raises(UnreadableImageError) as caught:
            read(path)
        message = str(caught.value)
        assert repr(str(path)) in message
        assert all(reason in message for reason in reasons), message
        assert len(message.splitlines()) == 1
        assert "take it off the list" in message
    assert check_image(dict(img_path=str(path))).fault


def test_bombs_are_refused_before_they_go_off(tmp_path):
    # 20,000 x 20,000 black pixels need 1.2 GB, and few bytes in a file.
    row = bytes(20_000 // 8)
    write_png(tmp_path / "x.png", [row] * 20_000, 1, 0, (20_000, 20_000))
    assert (tmp_path / "x.png").stat().st_size < 100_000
    refuse(tmp_path / "x.png", "more than 89,478,485 pixels: make it smaller")
    write_png(tmp_path / "y.png", [row] * 10, 1, 0, (20_000, MAX_PIXELS // 20_000 + 1))
    refuse(tmp_path / "y.png", "more than 89,478,485 pixels: make it smaller")


def test_a_large_jpeg_is_refused_whatever_it_holds(tmp_path):
    PICTURE.save(tmp_path / "x.jpg")
    content = bytearray((tmp_path / "x.jpg").read_bytes())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">2H", 20_000, 20_000)
    (tmp_path / "x.jpg").write_bytes(content)
    refuse(tmp_path / "x.jpg")


def test_what_has_no_one_meaning_is_refused(tmp_path):
    Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / "f.tif")
    refuse(tmp_path / "f.tif", "floating point")
    Image.fromarray(np.full((4, 4), 70_000, np.int32)).save(tmp_path / "i.tif")
    refuse(tmp_path / "i.tif", "not 16 bits")
    grey = np.arange(256, dtype="<u2")
    (tmp_path / "12.tif").write_bytes(make_tiff(bytes(384), bits=12))
    refuse(tmp_path / "12.tif", "not 16 bits")  # Pillow makes them almost black
    (tmp_path / "inverted.tif").write_bytes(make_tiff(grey.tobytes(), photometric=0))
    refuse(tmp_path / "inverted.tif", "black to white")
    (tmp_path / "right.tif").write_bytes(make_tiff((grey * 257).tobytes()))
    expected = as_colour(grey.astype(np.uint8).reshape(16, 16))
    assert_read_as(tmp_path / "right.tif", expected, 0)


def make_tiff(pixels, bits=16, photometric=1):
    """Make a grey TIFF of 16 x 16 pixels, of kinds that Pillow does not write."""
    tags = {256: 16, 257: 16, 258: bits, 259: 1, 262: photometric}
    tags |= {273: 122, 277: 1, 278: 16, 279: len(pixels)}
    entries = b"".join(struct.pack("<2H2I", tag, 4, 1, n) for tag, n in tags.items())
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + pixels


def test_errors_are_the_same_every_time(tmp_path):
    """Pillow names the place in memory."""
    (tmp_path / "x.jpg").write_bytes(b"no image")
    refuse(
        tmp_path / "x.jpg", "(UnidentifiedImageError: no image format that is known)"
    )


def test_large_16_bit_images_take_little_memory(tmp_path):
    size = 4000
    row = np.arange(size, dtype=">u2").tobytes()
    write_png(tmp_path / "x.png", [row] * size, 16, 0, (size, size))
    tracemalloc.start()
    image = decode_image((tmp_path / "x.png").read_bytes())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert image.size == (size, size)
    assert peak < 10 * size**2  # bytes a pixel, beside Pillow's own


def test_what_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    refuse(tmp_path / "pipe.jpg", "no regular file")
    (tmp_path / "folder.jpg").mkdir()
    refuse(tmp_path / "folder.jpg", "directory")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    refuse(tmp_path / "loop.jpg", "symbolic links")
    (tmp_path / "endless.jpg").symlink_to("/dev/zero")
    refuse(tmp_path / "endless.jpg", "no regular file")
    refuse(tmp_path / "gone.jpg", "No such file")
    refuse(str(tmp_path / "nul\0.jpg"), "null byte")
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(2**40)
    refuse(tmp_path / "huge.jpg", "1,099,511,627,776 bytes")


def test_no_other_program_is_started(tmp_path, monkeypatch):
    """Ghostscript would run what an EPS file says."""
    assert not {"EPS", "WMF", "GRIB", "HDF5", "BUFR"} & set(FORMATS)
    monkeypatch.setattr("subprocess.Popen", None)
    (tmp_path / "x.jpg").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    )
    refuse(tmp_path / "x.jpg", "no image format that is known")
