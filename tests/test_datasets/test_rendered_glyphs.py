import numpy as np
import pytest
from mmpretrain.registry import DATASETS


def draw(**kwargs):
    defaults = dict(type="RenderedGlyphs", num_images=200)
    dataset = DATASETS.build(defaults | kwargs)
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return np.stack([i["img"] for i in infos]), [i["gt_label"] for i in infos], dataset


def test_images_are_a_function_of_the_seed():
    images, labels, _ = draw()
    again, same_labels, _ = draw()
    other, _, _ = draw(seed=1)
    np.testing.assert_array_equal(images, again)
    assert labels == same_labels
    assert not np.array_equal(images, other)


def test_every_image_shows_something():
    images, labels, dataset = draw()
    assert images.shape == (200, 8, 8)
    assert images.dtype == np.uint8
    assert (images.max(axis=(1, 2)) > 100).all()
    assert set(labels) <= set(range(len(dataset.metainfo["classes"])))
    assert len(set(labels)) > 45


def test_characters_differ_more_between_than_within_classes():
    images, labels, dataset = draw(num_images=1500)
    pixels = images.reshape(len(images), -1).astype(float)
    labels = np.array(labels)
    means = np.stack([pixels[labels == i].mean(axis=0) for i in range(52)])
    distance = ((pixels[:, None] - means[None]) ** 2).sum(axis=2)
    assert (distance.argmin(axis=1) == labels).mean() > 0.3  # chance: 0.02
    assert dataset.metainfo["classes"][8] == "8"


def test_refuses_a_size_that_does_not_divide_the_canvas():
    with pytest.raises(ValueError, match="must divide 32, got 9"):
        draw(image_size=9)
