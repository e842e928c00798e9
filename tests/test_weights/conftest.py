"""What the tests of weights share."""

import pytest
import timm
from torch import nn

from tests.test_weights.small_vit import TIMM


@pytest.fixture
def timm_vit():
    vit = timm.models.VisionTransformer(img_size=16, **TIMM).eval()
    for parameter in vit.parameters():
        nn.init.normal_(parameter, std=0.3)
    return vit
