"""The measurements of docs/collections.md, made small."""

import re

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT

SCRIPTS = ROOT / "tests" / "collections"


def numbers(out):
    found = re.findall(r"^(.*): ([\d.]+|nan)(?: ± .*)?$", out, re.MULTILINE)
    return {key: float(value) for key, value in found}


@pytest.fixture
def folder(tmp_path):
    """Two classes of 20 images that have nothing in common."""
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for i in range(20):
            pixels = np.kron(rng.integers(256, size=(16, 16)), np.ones((4, 4)))
            image = Image.fromarray(pixels.astype(np.uint8))
            image.save(tmp_path / "data" / name / f"{i}.png")
    return tmp_path / "data"


def test_a_leak_is_measured_and_found(run_here, folder):
    """Where images have nothing in common, all that is above chance is a leak."""
    out = run_here(SCRIPTS / "planted_bursts.py", folder, "--seeds", 1)
    found = numbers(out)
    assert "160 images of 40 bursts" in out
    assert found["split by image, 10-NN, accuracy by image"] > 80
    assert found["split by burst, 10-NN, accuracy by image"] < 70
    assert found["split by image, doctor, recall"] > 90
    assert found["split by image, doctor, precision"] == 100
    assert found["split by burst, doctor, planted"] == 0
    assert found["split by burst, doctor, flagged"] == 0
