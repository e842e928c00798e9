import numpy as np
import pytest
from mmpretrain.registry import TRANSFORMS
from PIL import Image

from lpt_mm.datasets.transforms import LoadImage

IMAGE = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)


def load(path):
    return TRANSFORMS.build(dict(type="LoadImage")).transform(dict(img_path=str(path)))


def test_reads_an_image_as_bgr(tmp_path):
    Image.fromarray(IMAGE).save(tmp_path / "x.png")
    np.testing.assert_array_equal(load(tmp_path / "x.png")["img"], IMAGE[..., ::-1])


@pytest.mark.parametrize("content", [None, b"", b"no image", b"\x89PNG\r\n\x1a\n" * 9])
def test_an_unreadable_file_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "bad.jpg").write_bytes(content)
    with pytest.raises(ValueError, match=r"cannot read the image .*bad\.jpg.*replace"):
        load(tmp_path / "bad.jpg")


def test_a_truncated_file_is_named(tmp_path):
    noise = np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"cut\.jpg"):
        load(tmp_path / "cut.jpg")


@pytest.mark.parametrize("kind", ["LoadImage", "LoadRandomResizedCrop"])
@pytest.mark.parametrize("scheme", ["http", "s3", "petrel", "file"])
def test_a_url_is_not_fetched(kind, scheme, monkeypatch):
    monkeypatch.setattr("mmengine.fileio.get", None)
    size = dict(scale=4) if kind == "LoadRandomResizedCrop" else {}
    transform = TRANSFORMS.build(dict(type=kind, **size))
    with pytest.raises(ValueError, match="only local files are read"):
        transform.transform(dict(img_path=f"{scheme}://host.invalid/x.jpg"))


def test_an_image_that_is_there_is_taken_as_it_is():
    bgr = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    results = LoadImage()(dict(img=bgr))
    assert np.array_equal(results["img"], bgr)
    assert results["img_shape"] == results["ori_shape"] == (2, 4)
    grey = LoadImage(color_type="grayscale")(dict(img=bgr))["img"]
    expected = bgr @ np.array([0.114, 0.587, 0.299])  # ITU-R 601 luma, blue first
    assert np.abs(grey - expected).max() <= 1
    assert np.array_equal(LoadImage("grayscale")(dict(img=grey))["img"], grey)
