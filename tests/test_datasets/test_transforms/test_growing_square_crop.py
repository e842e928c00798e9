"""Square crops whose least share of the image grows."""

import pickle

import numpy as np
import pytest
from mmengine.dataset import BaseDataset
from mmpretrain.datasets.transforms import PackInputs
from PIL import Image
from torch.utils.data import DataLoader

from lpt_mm.datasets.transforms import GrowingSquareCrop
from lpt_mm.utils.seeds import draw_seed


def image_of(height, width, smooth=4):
    rng = np.random.default_rng(0)
    shape = (height // smooth, width // smooth, 3)
    small = rng.integers(256, size=shape, dtype=np.uint8)
    return np.array(Image.fromarray(small).resize((width, height), Image.BICUBIC))


def crops_of(transform, height, width, number=300):
    """Draw crops, and give top, left, height and width of each."""
    transform.transform(dict(img=np.zeros((height, width, 3), np.uint8)))
    with draw_seed(0):
        return np.array([transform._draw_crop(height, width) for _ in range(number)])


@pytest.mark.parametrize("share", [0.08, 0.4, 0.9])
def test_crops_are_square_and_of_a_uniform_share(share):
    transform = GrowingSquareCrop(16)
    assert transform.least_share == 0.08
    transform.set_least_share(share)
    top, left, height, width = crops_of(transform, 200, 200).T
    assert (height == width).all() and (top.min(), left.min()) == (0, 0)
    shares = height * width / 200**2
    # Of uniform numbers: least, mean and largest, up to the rounding of the sides.
    assert shares.min() == pytest.approx(share, abs=0.02)
    assert shares.max() == pytest.approx(1, abs=0.02)
    assert shares.mean() == pytest.approx((1 + share) / 2, abs=0.05)
    assert len(set(zip(top, left, strict=True))) > 30


def test_a_share_of_one_is_the_whole_image_or_its_central_square():
    transform = GrowingSquareCrop(16)
    transform.set_least_share(1.0)
    assert (crops_of(transform, 40, 40, 20) == (0, 0, 40, 40)).all()
    assert (crops_of(transform, 40, 60, 20) == (0, 10, 40, 40)).all()
    assert (crops_of(transform, 61, 40, 20) == (10, 0, 40, 40)).all()


@pytest.mark.parametrize("size", [12, 100])
def test_it_resizes_as_pillows_bicubic_filter(size):
    image = image_of(48, 48)
    transform = GrowingSquareCrop(size)
    transform.set_least_share(1.0)
    found = transform.transform(dict(img=image))["img"].astype(int)
    expected = np.array(Image.fromarray(image).resize((size, size), Image.BICUBIC))
    assert np.abs(found - expected).max() <= 2
    bilinear = np.array(Image.fromarray(image).resize((size, size), Image.BILINEAR))
    assert np.abs(found - bilinear.astype(int)).max() > 4  # told apart


def test_it_reads_files_at_a_reduced_size(tmp_path):
    image = image_of(256, 256, smooth=32)
    Image.fromarray(image).save(path := tmp_path / "a.jpg", quality=95)
    transform = GrowingSquareCrop(32)
    transform.set_least_share(1.0)
    found = transform.transform(dict(img_path=str(path)))["img"][..., ::-1].astype(int)
    expected = np.array(Image.open(path).resize((32, 32), Image.BICUBIC))
    assert np.abs(found - expected).mean() < 3


class Shares(BaseDataset):
    """A data set whose samples tell the least share of their process."""

    def load_data_list(self):
        return [dict(img=np.zeros((8, 8, 3), np.uint8))] * 4

    def __getitem__(self, idx):
        crop = self.pipeline.transforms[0]
        super().__getitem__(idx)
        return crop.crop_ratio_range[0]


def test_workers_that_live_on_see_the_next_epoch():
    transform = GrowingSquareCrop(8)
    dataset = Shares(ann_file="", pipeline=[transform, PackInputs()])
    options = dict(num_workers=2, persistent_workers=True, batch_size=2)
    loader = DataLoader(dataset, multiprocessing_context="fork", **options)
    for share in (0.08, 0.3, 1.0):
        transform.set_least_share(share)
        assert [x for batch in loader for x in batch.tolist()] == [share] * 4


def test_a_copy_for_another_process_keeps_the_share():
    transform = GrowingSquareCrop(8)
    transform.set_least_share(0.5)
    assert pickle.loads(pickle.dumps(transform)).least_share == 0.5
