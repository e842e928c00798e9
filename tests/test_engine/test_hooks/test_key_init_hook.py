from copy import deepcopy
from itertools import count
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS, MODELS
from sklearn.cluster import KMeans
from torch.nn import functional as F
from torch.testing import assert_close

from lpt_mm.engine.hooks import KeyInitHook
from tests.conftest import ROOT
from tests.golden import tiny_lpt

NUMBERS = count()


class Record(Hook):
    """Note the keys before the first step."""

    priority = "LOWEST"

    def before_train(self, runner):
        self.keys = runner.model.neck.prompt_keys.detach().clone()


def train(folder, max_images=20_000, has_hook=True, **changes):
    """Train for an epoch; return the model and the keys that it started with."""
    cfg = Config.fromfile(ROOT / "configs" / "lpt" / "phase2_digits_lt.py")
    cfg.merge_from_dict(
        {
            "phase1_work_dir": None,
            "work_dir": str(folder),
            "experiment_name": f"key_init{next(NUMBERS)}",
            "log_level": "ERROR",
            "train_cfg.max_epochs": 1,
            "default_hooks.checkpoint.interval": 1,
            "default_hooks.key_init.max_images": max_images,
            "model.neck.key_init": "kmeans",
            "randomness.seed": 3,
            **changes,
        }
    )
    if not has_hook:
        del cfg.default_hooks.key_init
    runner, record = Runner.from_cfg(cfg), Record()
    runner.register_hook(record)
    runner.model.backbone.tuned_loaded = True  # random ones will do
    return runner.train(), record.keys


def queries_of(model, layer=None):
    """Compute the queries of the training images, as they are without augmentation."""
    model.eval()
    pipeline = [dict(type="PackInputs")]
    dataset = DATASETS.build(dict(type="DigitsLT", split="train", pipeline=pipeline))
    images = [sample["inputs"] for sample in dataset]
    inputs = model.data_preprocessor(dict(inputs=images))["inputs"]
    with torch.no_grad():
        if layer is None:
            query = model.extract_feat(inputs, "backbone")[0]
        else:
            tokens, _ = model.backbone.embed(inputs)
            query = model.backbone.encode(tokens, 0, layer)[:, 0]
    return F.normalize(query).numpy()


def centres_of(queries):
    return KMeans(20, random_state=3).fit(queries).cluster_centers_


@pytest.mark.parametrize(("query", "layer"), [("final_layer", None), ("layer_k", 3)])
def test_keys_start_at_the_centres_of_the_queries(tmp_path, query, layer):
    # The shared prompts, and with them the queries, stay as they are in training.
    model, keys = train(tmp_path, **{"model.neck.query": query})
    queries = queries_of(model, layer)
    assert queries.shape == (335, 64)
    np.testing.assert_allclose(keys, centres_of(queries), rtol=0, atol=1e-5)
    chosen = (queries @ F.normalize(keys).numpy().T).argmax(axis=1)
    assert len(set(chosen)) == 20


def test_of_many_images_some_are_drawn(tmp_path):
    model, keys = train(tmp_path, max_images=100)
    drawn = np.sort(np.random.default_rng(3).choice(335, 100, replace=False))
    expected = centres_of(queries_of(model)[drawn])
    np.testing.assert_allclose(keys, expected, rtol=0, atol=1e-5)


def test_a_resumed_run_keeps_its_keys(tmp_path):
    first, _ = train(tmp_path / "a")
    resume = dict(load_from=str(tmp_path / "a" / "epoch_1.pth"), resume=True)
    _, keys = train(tmp_path / "b", **resume, **{"train_cfg.max_epochs": 2})
    assert torch.equal(keys, first.neck.prompt_keys)


def test_keys_are_random_by_default(tmp_path):
    _, keys = train(tmp_path, **{"model.neck.key_init": "random"})
    assert keys.std().item() == pytest.approx(0.02, rel=0.1)


def test_phase_1_has_no_keys():
    runner = Mock(model=MODELS.build(tiny_lpt(1)))
    before = deepcopy(runner.model.state_dict())
    KeyInitHook().before_train(runner)
    assert not runner.build_dataloader.called
    assert_close(runner.model.state_dict(), before, rtol=0, atol=0)


def test_kmeans_without_the_hook_is_refused(tmp_path):
    with pytest.raises(ValueError, match="key_init='kmeans', but nothing has set"):
        train(tmp_path, has_hook=False)


def test_more_groups_than_images_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"pool_size=400 groups.*335 training images"):
        train(tmp_path, **{"model.neck.pool_size": 400})


def test_concatenated_data_sets_are_looked_at_whole(tmp_path):
    crop = dict(type="RandomCrop", crop_size=8, padding=1)
    digits = dict(
        type="DigitsLT", split="train", pipeline=[crop, dict(type="PackInputs")]
    )
    twice = dict(type="ConcatDataset", datasets=[digits, digits])
    dataset = dict(type="DualSamplerDataset", dataset=twice, _delete_=True)
    model, keys = train(tmp_path, **{"train_dataloader.dataset": dataset})
    queries = np.tile(queries_of(model), (2, 1))
    np.testing.assert_allclose(keys, centres_of(queries), rtol=0, atol=1e-5)


def test_queries_that_are_no_numbers_are_refused(tmp_path, monkeypatch):
    def broken(model, loader):
        return torch.full((335, 64), torch.nan)

    name = "lpt_mm.engine.hooks.key_init_hook.extract_queries"
    monkeypatch.setattr(name, broken)
    with pytest.raises(ValueError, match="335 of 335 training images are no finite"):
        train(tmp_path)
