import pytest
from mmengine.config import Config

from lpt_mm.engine.hooks.config_check_hook import check_keys
from tests.conftest import ROOT

BASE = ROOT / "configs" / "lpt" / "phase2_digits_lt.py"
PLACES = ROOT / "configs" / "lpt" / "phase2_places_lt.py"


def write(folder, text, base=BASE):
    (folder / "mine.py").write_text(f"_base_ = [{str(base)!r}]\n{text}\n")
    return Config.fromfile(folder / "mine.py")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("optim_wraper = dict(optimizer=dict(lr=1))", "optim_wrapper"),
        ("default_hook = dict(logger=dict(interval=1))", "default_hooks"),
        ("phase1_workdir = 'x'", "phase1_work_dir"),
        ("train_dataloder = dict(batch_size=64)", "train_dataloader"),
        ("loadfrom = None", "load_from"),
    ],
)
def test_a_misspelt_setting_is_refused(tmp_path, text, meant):
    with pytest.raises(ValueError, match=f"did you mean '{meant}'"):
        check_keys(write(tmp_path, text))


def test_a_setting_that_none_knows_is_refused(tmp_path):
    with pytest.raises(ValueError, match="'flavour', which is no setting: its"):
        check_keys(write(tmp_path, "flavour = 'sweet'"))
    check_keys(write(tmp_path, "_flavour = 'sweet'"))


def test_names_that_help_to_write_a_config_are_allowed(tmp_path):
    cfg = write(
        tmp_path,
        "grey = [99.0]\nmodel = dict(data_preprocessor=dict(mean=grey))",
    )
    assert check_keys(cfg) == []


@pytest.mark.parametrize("config", sorted((ROOT / "configs").glob("[lbp]*/*.py")))
def test_the_configs_of_the_package_pass(config):
    cfg = Config.fromfile(config)
    assert check_keys(cfg) == []


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ({"group_prompts.pool_size": 5}, "group_prompts"),
        ({"data_root": "elsewhere"}, "data_root"),
        ({"train_pipeline": [dict(type="PackInputs")]}, "train_pipeline"),
        ({"model.neck.pool_size": 5}, None),
        ({"train_dataloader.dataset.dataset.data_root": "elsewhere"}, None),
    ],
)
def test_options_that_reach_nothing_are_found(option, name):
    cfg = Config.fromfile(PLACES)
    cfg.merge_from_dict(option)
    assert check_keys(cfg) == ([name] if name else [])


def test_a_file_that_sets_what_nothing_uses_is_found(tmp_path):
    assert check_keys(write(tmp_path, "data_root = 'x'", PLACES)) == ["data_root"]
    used = "data_root = 'x'\nval_dataloader = dict(dataset=dict(data_root=data_root))"
    assert check_keys(write(tmp_path, used, PLACES)) == []
