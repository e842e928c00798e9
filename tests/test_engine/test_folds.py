"""One number at the top of a config chooses the fold of all its data sets."""

from unittest.mock import Mock

import pytest
from mmengine.config import Config

from lpt_mm.engine.folds import check_fold, set_fold
from lpt_mm.engine.hooks import ConfigCheckHook
from lpt_mm.engine.run_config import load_config
from lpt_mm.utils.errors import UserError
from tests.conftest import ROOT

PHASE1 = ROOT / "configs" / "lpt" / "phase1_plankton_lt.py"
KNN = ROOT / "configs" / "baselines" / "knn_plankton_lt.py"
DIGITS = ROOT / "configs" / "lpt" / "phase1_digits_lt.py"


def folds_of(cfg, train):
    return [
        train.dataset.dataset.fold,
        cfg.val_dataloader.dataset.fold,
        cfg.test_dataloader.dataset.fold,
    ]


def test_an_option_sets_it_for_all_data_sets():
    cfg = load_config(str(PHASE1), {"fold": 3})
    assert folds_of(cfg, cfg.train_dataloader) == [3, 3, 3]
    cfg = load_config(str(PHASE1))
    assert folds_of(cfg, cfg.train_dataloader) == [0, 0, 0]


def test_a_config_on_top_sets_it_and_so_does_a_whole_one(tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text(f"_base_ = {str(PHASE1)!r}\nfold = 2\n")
    cfg = load_config(str(mine))
    assert folds_of(cfg, cfg.train_dataloader) == [2, 2, 2]
    settings = Config.fromfile(PHASE1).to_dict() | dict(fold=4)  # as a sweep writes it
    mine.write_text("".join(f"{k} = {v!r}\n" for k, v in settings.items()))
    cfg = load_config(str(mine))
    assert folds_of(cfg, cfg.train_dataloader) == [4, 4, 4]


def test_the_images_that_a_hook_reads_are_of_it():
    cfg = Config.fromfile(KNN)
    set_fold(cfg, 1)
    assert cfg.fold == 1
    assert folds_of(cfg, cfg.custom_hooks[0].train_dataloader) == [1, 1, 1]


def test_a_config_without_folds_has_none():
    with pytest.raises(UserError, match="fold=3: no data set of this config has folds"):
        load_config(str(DIGITS), {"fold": 3})
    assert "fold" not in load_config(str(DIGITS))


def test_data_sets_of_different_folds_are_refused():
    with pytest.raises(UserError, match="data sets of the folds 0, 2 would share"):
        load_config(str(PHASE1), {"val_dataloader.dataset.fold": 2})


def test_a_fold_that_did_not_reach_the_data_sets_is_refused():
    cfg = Config.fromfile(PHASE1)
    check_fold(cfg)
    cfg.fold = 3
    with pytest.raises(
        UserError, match=r"fold is 3, .* read 0: call .*set_fold\(cfg, 3"
    ):
        check_fold(cfg)
    with pytest.raises(UserError, match="fold is 3"):  # of a Runner in a notebook
        ConfigCheckHook().before_run(Mock(cfg=cfg))
    set_fold(cfg, 3)
    check_fold(cfg)
    check_fold(Config.fromfile(DIGITS))
