"""Settings that no weight shows are compared wherever a checkpoint is loaded."""

import pytest
from mmengine.config import Config
from torch import nn

from lpt_mm.engine.hooks.settings_check_hook import SettingsCheckHook, find_settings
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.model_file import write_model
from lpt_mm.weights.reading import read_file
from tests.test_engine.short_runs import make_runner

MEAN = "model.data_preprocessor.mean"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    make_runner(folder / "one", epochs=1)[0].train()
    phase1 = dict(phase1_work_dir=str(folder / "one"))
    make_runner(folder / "two", epochs=1, config="phase2", **phase1)[0].train()
    return folder


def make_tester(runs, folder, **changes):
    runner, _ = make_runner(folder, config="phase2", **changes)
    runner._load_from = str(runs / "two" / "epoch_1.pth")
    return runner


def test_the_settings_of_training_pass(runs, tmp_path):
    changes = {"test_dataloader.batch_size": 100, "default_hooks.logger.interval": 1}
    packing = [dict(type="PackInputs", meta_keys=())]
    changes["test_dataloader.dataset.pipeline"] = packing
    assert make_tester(runs, tmp_path, **changes).test()["long_tail/overall"] > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model.neck.topk": 2}, r"trained with model\.neck\.topk=4, the config has 2"),
        ({"model.neck.query": "layer_k"}, "neck.query='final_layer', .* has 'layer_k'"),
        ({"model.neck.matching": "soft"}, "neck.matching='topk', .* has 'soft'"),
        ({"model.neck.temperature": 0.2}, "neck.temperature=0.1, .* has 0.2"),
        ({"model.head.scale": 10.0}, r"head\.scale=20\.0, the config has 10\.0"),
        ({MEAN: [0.0]}, r"data_preprocessor\.mean=\[127\.5\], .* has \[0\.0\]"),
        (
            {
                "test_dataloader.dataset.pipeline": [
                    dict(type="Resize", scale=8),
                    dict(type="PackInputs"),
                ]
            },
            r"test_dataloader\.dataset\.pipeline=\[\], .* 'Resize'",
        ),
    ],
)
def test_other_settings_are_refused_with_both_values(runs, tmp_path, changes, message):
    with pytest.raises(WeightFileError, match=message):
        make_tester(runs, tmp_path, **changes).test()


def test_a_difference_is_allowed_by_name(runs, tmp_path):
    allow = "default_hooks.settings_check.allow"
    changes = {"model.neck.topk": 2}
    assert make_tester(runs, tmp_path, **changes, **{allow: "model.neck.topk"}).test()
    with pytest.raises(WeightFileError, match=f"{allow}=model.neck.topk"):
        make_tester(runs, tmp_path, **changes, **{allow: ["model.neck.query"]}).test()


def test_phase2_and_resumed_runs_are_compared_too(runs, tmp_path):
    phase1 = dict(phase1_work_dir=str(runs / "one"), epochs=2)
    runner, _ = make_runner(tmp_path / "a", config="phase2", **phase1, **{MEAN: [0.0]})
    with pytest.raises(WeightFileError, match="data_preprocessor"):
        runner.train()
    start = runs / "two" / "epoch_1.pth"
    other = {"model.neck.topk": 2}
    runner, _ = make_runner(
        tmp_path / "b", config="phase2", resume=start, **phase1, **other
    )
    with pytest.raises(WeightFileError, match="topk"):
        runner.train()


def test_settings_are_compared_with_a_model_only_file_too(runs, tmp_path):
    weights = read_file(runs / "two" / "epoch_1.pth")
    file = tmp_path / "model.safetensors"
    file.write_bytes(write_model(weights.tensors, weights.meta))
    runner, _ = make_runner(tmp_path, config="phase2", **{"model.neck.topk": 2})
    runner._load_from = str(file)
    with pytest.raises(WeightFileError, match="topk=4, the config has 2"):
        runner.test()


def test_a_model_of_another_fold_is_refused():
    trained, own, none = (
        find_settings(nn.Module(), Config(cfg))
        for cfg in (dict(fold=0), dict(fold=3), dict())
    )
    with pytest.raises(WeightFileError, match="trained with fold=0, the config has 3"):
        SettingsCheckHook().require_same(trained, own)
    SettingsCheckHook(allow="fold").require_same(trained, own)
    SettingsCheckHook().require_same(trained, none)  # as in a test on other data
