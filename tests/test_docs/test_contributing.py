"""The examples of CONTRIBUTING.md, each put in its place and trained with."""

import importlib.util
import shutil
import sys

import pytest
import torch
from mmengine.registry import Registry
from mmpretrain.registry import DATA_SAMPLERS, DATASETS, MODELS

from tests.conftest import ROOT
from tests.docs_pages import files

EXAMPLES = files("CONTRIBUTING.md")
PARTS = [path for path in EXAMPLES if path.startswith("lpt_mm/")]
LEAVES = [path for path in EXAMPLES if "_base_" not in path and path not in PARTS]
OPTIONS = ("train_cfg.max_epochs=1", "train_cfg.val_interval=1")


@pytest.fixture
def parts(tmp_path, monkeypatch):
    """Write all examples, import those of the package, and forget them afterwards."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    for registry in (DATA_SAMPLERS, DATASETS, MODELS):
        assert isinstance(registry, Registry)
        known = dict(registry.module_dict)
        monkeypatch.setattr(registry, "_module_dict", known)
    modules = {}
    for path, text in EXAMPLES.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        if path in PARTS:
            name = path.removesuffix(".py").replace("/", ".")
            spec = importlib.util.spec_from_file_location(name, file)
            modules[file.stem] = importlib.util.module_from_spec(spec)
            monkeypatch.setitem(sys.modules, name, modules[file.stem])
            spec.loader.exec_module(modules[file.stem])
    return modules


def test_each_way_to_add_something_has_an_example():
    assert len(PARTS) == 3  # a loss, a sampler, a data set
    assert len(LEAVES) == 4  # these, and a tuning
    assert [path for path in EXAMPLES if (ROOT / path).exists()] == []


def test_the_examples_train(parts, run_here, tmp_path):
    for leaf in LEAVES:
        assert f"Command:  python tools/train.py {leaf}" in EXAMPLES[leaf]
        out = run_here(ROOT / "tools/train.py", leaf, "--cfg-options", *OPTIONS)
        assert "long_tail/overall" in out


def test_the_loss_weights_by_the_root_of_the_counts(parts):
    loss = parts["inverse_root_loss"].InverseRootLoss([4, 1])
    score = torch.tensor([[2.0, 1.0], [0.0, 3.0]])
    plain = torch.nn.functional.cross_entropy
    target = torch.tensor([0, 1])
    # The weights 1/2 and 1, over their mean.
    wanted = plain(score, target, torch.tensor([2 / 3, 4 / 3]), reduction="sum") / 2
    torch.testing.assert_close(loss(score, target), wanted)
