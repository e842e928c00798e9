"""A predictor in the hands of a distributed engine."""

import os
import signal

import numpy as np
import pytest
from mmengine.config import Config

import lpt_mm
from lpt_mm.inference import BatchPredictor, publish
from lpt_mm.utils.errors import UserError


@pytest.fixture(scope="module")
def pack(shades, tmp_path_factory):
    path = tmp_path_factory.mktemp("pack") / "shades.safetensors"
    publish(Config.fromfile(shades.config), shades.checkpoint, path)
    return path


@pytest.fixture(scope="module")
def expected(shades, pack):
    predictor = lpt_mm.load(pack, backbone=str(shades.backbone))
    return {x.path: x for x in predictor(map(str, shades.paths), top=2)}


def test_a_batch_of_contents_is_one_of_files(shades, pack, expected):
    predict = BatchPredictor(pack, str(shades.backbone), top=2)
    paths = np.array(list(map(str, shades.paths)))
    contents = np.array([path.read_bytes() for path in shades.paths], dtype=object)
    contents[1] = b"no image"
    found = predict(dict(path=paths, bytes=contents))
    of_files = predict(dict(path=paths))
    assert found["error"][1].startswith("cannot read the image")
    assert found["name"][1] is None
    for i in (0, *range(2, len(paths))):
        assert found["path"][i] == paths[i]
        assert found["name_2"][i] == expected[paths[i]].names[1]
        assert found["score"][i] == pytest.approx(of_files["score"][i], abs=1e-5)
    with pytest.raises(UserError, match="has the column path, got image"):
        predict(dict(image=contents))


@pytest.mark.slow
def test_ray_completes_what_a_killed_worker_had(shades, pack, expected, tmp_path):
    ray = pytest.importorskip("ray")

    class DiesOnce(BatchPredictor):
        """Killed in the middle of a batch: the first of the workers that comes by."""

        def __init__(self, killed, *args):
            super().__init__(*args)
            self.killed = killed

        def __call__(self, batch):
            found = super().__call__(batch)
            try:
                os.close(os.open(self.killed, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return found
            os.kill(os.getpid(), signal.SIGKILL)

    ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False)
    try:
        images = ray.data.from_items([dict(path=str(p)) for p in shades.paths])
        arguments = [str(tmp_path / "killed"), str(pack), str(shades.backbone)]
        found = images.map_batches(
            DiesOnce, fn_constructor_args=arguments, batch_size=2, concurrency=2
        ).take_all()
    finally:
        ray.shutdown()
    assert (tmp_path / "killed").exists()
    assert sorted(row["path"] for row in found) == sorted(expected)
    for row in found:
        assert row["name"] == expected[row["path"]].name
        # of other batches, on other threads
        assert row["score"] == pytest.approx(expected[row["path"]].score, abs=1e-5)
