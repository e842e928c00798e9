import os
from copy import deepcopy

import numpy as np
import pytest
import torch
from mmengine.config import Config
from torch.testing import assert_close

from lpt_mm.engine.feature_cache import FeatureCache, describe_features, digest_module
from lpt_mm.weights.model_file import write_model

KEY = dict(kind="feature", backbone=dict(depth=3), images="abc")
LABEL = np.array([0, 1, 1])
FEATURE = torch.randn(3, 5)


@pytest.fixture
def cache(tmp_path):
    cache = FeatureCache(tmp_path / "new" / "folder")
    cache.write(KEY, FEATURE, torch.from_numpy(LABEL))
    return cache


def test_what_was_written_is_read(cache):
    assert_close(cache.read(KEY, LABEL), FEATURE, rtol=0, atol=0)
    assert cache.read(KEY | dict(images="xyz"), LABEL) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no file of weights",
        write_model(dict(feature=FEATURE, label=torch.from_numpy(LABEL)), {}),
        write_model(
            dict(feature=FEATURE, label=torch.from_numpy(LABEL)),
            dict(settings=KEY | dict(images="xyz")),
        ),
        write_model(dict(label=torch.from_numpy(LABEL)), dict(settings=KEY)),
        write_model(dict(feature=FEATURE), dict(settings=KEY)),
        write_model(
            dict(feature=FEATURE[:2], label=torch.from_numpy(LABEL)),
            dict(settings=KEY),
        ),
        write_model(
            dict(feature=FEATURE * torch.inf, label=torch.from_numpy(LABEL)),
            dict(settings=KEY),
        ),
    ],
    ids=range(8),
)
def test_a_file_that_is_none_or_of_something_else_is_never_used(cache, content):
    (file,) = cache.folder.iterdir()
    file.write_bytes(content)
    assert cache.read(KEY, LABEL) is None
    cache.write(KEY, FEATURE, torch.from_numpy(LABEL))
    assert cache.read(KEY, LABEL) is not None


def test_a_changed_byte_is_found(cache):
    (file,) = cache.folder.iterdir()
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert cache.read(KEY, LABEL) is None


def test_labels_are_compared(cache):
    assert cache.read(KEY, np.array([0, 1, 0])) is None


class Files:
    """A data set of files."""

    def __init__(self, folder):
        self.infos = []
        for i in range(3):
            (folder / f"{i}.png").write_bytes(bytes([i]))
            self.infos.append(dict(img_path=str(folder / f"{i}.png"), gt_label=i))

    def get_data_info(self, index):
        return self.infos[index]


def describe(dataset, indices=(0, 1, 2), **changes):
    backbone = dict(type="ViT", depth=3, init_cfg=dict(checkpoint="a"))
    cfg = Config(dict(model=dict(backbone=backbone)))
    cfg.merge_from_dict(changes)
    loader = dict(dataset=dict(type="Files", pipeline=[dict(type="Crop", size=3)]))
    return describe_features(cfg, loader, dataset, indices, "feature")


def test_features_depend_on_images_labels_and_settings(tmp_path):
    dataset = Files(tmp_path)
    key = describe(dataset)
    assert describe(dataset) == key
    assert describe(dataset, **{"model.backbone.init_cfg.checkpoint": "b"}) == key
    assert describe(dataset, **{"model.backbone.depth": 4}) != key
    assert describe(dataset, **{"model.data_preprocessor": dict(mean=[1.0])}) != key
    assert describe(dataset, (0, 1)) != key
    other = deepcopy(dataset)
    other.infos[1]["gt_label"] = 2
    assert describe(other)["images"] != key["images"]
    (tmp_path / "1.png").write_bytes(b"\2")  # as long as before
    os.utime(tmp_path / "1.png", (1, 1))
    assert describe(dataset)["images"] != key["images"]
    (tmp_path / "1.png").unlink()
    assert describe(dataset) is None  # whatever it is, it is no file


def test_pixels_in_memory_are_compared():
    class Pixels:
        def __init__(self, value):
            self.value = value

        def get_data_info(self, index):
            return dict(img=np.full((2, 2), self.value), gt_label=index)

    one, same, other = (describe(Pixels(x)) for x in (1, 1, 2))
    assert one == same
    assert one["images"] != other["images"]
    assert describe(object()) is None


def test_every_bit_of_the_weights_counts():
    module = torch.nn.Linear(3, 2)
    digest = digest_module(module)
    assert digest_module(deepcopy(module)) == digest
    with torch.no_grad():
        module.bias[1] = torch.nextafter(module.bias[1], torch.tensor(9.0))
    assert digest_module(module) != digest
