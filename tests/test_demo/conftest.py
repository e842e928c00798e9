"""A pack, the embedded set of its training images, and the models of a page."""

from dataclasses import replace

import numpy as np
import pytest

from lpt_mm.answers.answer_sets import AnswerSets
from lpt_mm.demo.models import Models
from lpt_mm.engine.run_config import load_config
from lpt_mm.inference import Predictor, make_pack
from lpt_mm.weights.pack import read_pack
from tests.test_collection.made_up import write_set
from tests.test_demo.evil import IMAGE, NAMES
from tests.test_inference.conftest import shades  # noqa: F401 (a fixture)

LABEL = np.repeat([0, 1, 2], (7, 4, 2))


class Demo:
    """What the page is made of, in files."""

    def __init__(self, folder, shades):  # noqa: F811
        self.folder = folder
        self.paths = shades.paths
        self.images = str(shades.folder)
        self.backbone = str(shades.backbone)
        self.pack = str(folder / "shades.safetensors")
        pack = make_pack(load_config(str(shades.config)), str(shades.checkpoint))
        pack.weights.meta["dataset_meta"] = dict(classes=list(NAMES))
        sets = AnswerSets(0.9, "all", [0.1] * 3, 20).add_to(None)
        replace(pack, calibration=sets).save(self.pack)
        self.other = str(folder / f"{IMAGE}.safetensors")  # without answer sets
        pack.save(self.other)
        self.predictor = Predictor.from_pack(self.pack, self.backbone)
        self.set = self.write_set("set", read_pack(self.pack))

    def write_set(self, name, pack):
        ((_, score),) = self.predictor.logits(self.paths, 99, strict=True)
        feature = self.predictor.embed(self.paths)
        folder = self.folder / name
        return str(write_set(folder, pack, score.numpy(), LABEL, feature, self.paths))

    def open(self, *packs):
        return Models.open(packs, [self.set], self.images, self.backbone)


@pytest.fixture(scope="package", autouse=True)
def open_logs():
    """Keep the server of a page from closing the log files of all other tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("logging.config.dictConfig", lambda config: None)
        yield


@pytest.fixture(scope="session")
def demo(tmp_path_factory, shades):  # noqa: F811
    return Demo(tmp_path_factory.mktemp("demo"), shades)


@pytest.fixture(scope="session")
def models(demo):
    return demo.open(demo.pack)
