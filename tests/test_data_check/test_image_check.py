import io
from hashlib import blake2b

import numpy as np
import pytest
from PIL import Image

from lpt_mm.data_check.appearance import NO_APPEARANCE
from lpt_mm.data_check.image_check import NO_DIGEST, check_image


@pytest.fixture
def photo():
    """Bytes of a JPEG that is not flat."""
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


def check(tmp_path, content):
    (tmp_path / "x.jpg").write_bytes(content)
    return check_image({"img_path": str(tmp_path / "x.jpg")})


def test_the_digest_is_of_the_file(tmp_path, photo):
    digest = blake2b(photo, digest_size=16).digest()
    assert check(tmp_path, photo)[:3] == (digest, "", "")


def test_bad_files(tmp_path, photo):
    truncated = check(tmp_path, photo[: len(photo) // 2])
    assert truncated == (NO_DIGEST, "truncated", "", NO_APPEARANCE)
    assert check(tmp_path, b"")[:3] == (NO_DIGEST, "empty", "")
    reason = "no image format that is known"
    assert check(tmp_path, b"<html>")[:3] == (NO_DIGEST, "unreadable", reason)
    missing = check_image({"img_path": str(tmp_path / "no.jpg")})
    assert missing[:3] == (NO_DIGEST, "missing", "")
    below_a_file = check_image({"img_path": str(tmp_path / "x.jpg" / "y.jpg")})
    assert below_a_file.fault == "missing"
    assert check_image({"img_path": str(tmp_path)}).reason == "Is a directory"


@pytest.mark.parametrize("scheme", ["http", "s3", "petrel", "file"])
def test_a_url_is_not_fetched(scheme, monkeypatch):
    monkeypatch.setattr("mmengine.fileio.get", None)
    check = check_image({"img_path": f"{scheme}://host.invalid/b.jpg"})
    assert check[:2] == (NO_DIGEST, "unreadable")
    assert "only local files are read" in check.reason


def test_without_file_and_array_there_is_nothing_to_check():
    assert check_image({})[:3] == (NO_DIGEST, "not a local file", "")


def test_arrays_are_told_apart_by_content_and_shape():
    image = np.arange(12, dtype=np.uint8)
    digests = [
        check_image({"img": array}).digest
        for array in (image, image.copy(), image[::-1], image.reshape(3, 4))
    ]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
