"""Crops for test-time ensembling against torchvision's."""

import numpy as np
import pytest
import torch
from mmpretrain.datasets.transforms import PackInputs
from torchvision.transforms.functional import center_crop, five_crop, ten_crop

from lpt_mm.datasets.transforms import CornerCrops
from lpt_mm.utils.errors import UserError

CUT = {1: lambda x, size: [center_crop(x, size)], 5: five_crop, 10: ten_crop}


@pytest.mark.parametrize("shape", [(13, 17, 3), (20, 9, 3), (8, 8, 3), (11, 15)])
@pytest.mark.parametrize("num_crops", CUT)
def test_crops_are_those_of_torchvision(shape, num_crops):
    image = np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
    sample = CornerCrops(8, num_crops).transform(dict(img=image))
    assert sample["img_shape"] == (8, 8)
    expected = CUT[num_crops](
        torch.from_numpy(image.reshape(*shape[:2], -1)).permute(2, 0, 1), 8
    )
    found = PackInputs().transform(sample)["inputs"]
    assert torch.equal(found, torch.stack(list(expected)))


def test_what_cannot_be_cut_is_refused():
    with pytest.raises(UserError, match=r"one of \(1, 5, 10\), got 4"):
        CornerCrops(8, 4)
    with pytest.raises(UserError, match="crops of 8 pixels .* of 9 x 7"):
        CornerCrops(8).transform(dict(img=np.zeros((9, 7, 3), np.uint8)))
