import numpy as np
import pytest
from mmpretrain.registry import TRANSFORMS


def noisy(image, std=20.0):
    return TRANSFORMS.build(dict(type="GaussianNoise", std=std))(dict(img=image))["img"]


def test_noise_has_its_deviation():
    image = np.full((200, 200, 3), 128, dtype=np.uint8)
    image[::2] = 120
    noise = noisy(image).astype(float) - image
    # Of 120,000 values the deviation is known to 0.2 %, rounding adds 1 / 12.
    assert noise.std() == pytest.approx(np.sqrt(20**2 + 1 / 12), rel=0.01)
    assert abs(noise.mean()) < 0.3
    assert noisy(image).dtype == np.uint8


def test_values_stay_in_range():
    image = np.zeros((50, 50), dtype=np.uint8)
    image[25:] = 255
    noise = noisy(image, std=100.0)
    assert (noise == 0).any() and (noise == 255).any()
    assert 0.4 < (noise[:25] == 0).mean() < 0.6


def test_noise_is_that_of_the_image():
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    given = images.copy()
    first = [noisy(image) for image in images]
    assert (images == given).all()
    for image, expected in zip(images, first, strict=True):
        np.testing.assert_array_equal(noisy(image), expected)
    assert (first[0] - images[0] != first[1] - images[1]).any()
    view = np.flip(np.flip(images[0], 1), 1)[:, :, ::-1][:, :, ::-1]
    np.testing.assert_array_equal(noisy(view), first[0])


def test_less_than_no_noise_is_refused():
    for std in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="must be 0 or more"):
            noisy(np.zeros((2, 2), dtype=np.uint8), std)
