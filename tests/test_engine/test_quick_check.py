import pytest
from mmengine.config import Config

from lpt_mm.engine.quick_check import check_names, quick_check
from tests.conftest import ROOT


def test_classes_of_the_same_name_are_refused():
    check_names(("ant", "bee"))
    check_names(None)
    with pytest.raises(ValueError, match="classes 0 and 2 are both called 'ant'"):
        check_names(("ant", "bee", "ant"))


def test_other_labels_than_the_heads_are_refused():
    cfg = Config.fromfile(ROOT / "configs" / "lpt" / "phase1_digits_lt.py")
    quick_check(cfg)
    cfg.model.head.num_classes = 9
    with pytest.raises(ValueError, match="10 classes but the head 9"):
        quick_check(cfg)


def test_an_epoch_without_a_step_is_refused():
    cfg = Config.fromfile(ROOT / "configs" / "lpt" / "phase1_digits_lt.py")
    cfg.train_dataloader.batch_size = 335
    quick_check(cfg)
    cfg.train_dataloader.batch_size = 336
    with pytest.raises(ValueError, match=r"no full batch: .* 335 of the 335 .*=336"):
        quick_check(cfg)
