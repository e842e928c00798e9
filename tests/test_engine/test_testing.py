import pytest
from mmengine.config import Config

from lpt_mm.engine.testing import set_test


def test_the_validation_set_can_be_tested_on(tmp_path):
    (checkpoint := tmp_path / "a.pth").touch()
    loaders = dict(val_dataloader=dict(v=1), test_dataloader=dict(t=1))
    cfg = Config(dict(loaders, val_evaluator=dict(v=2), test_evaluator=dict(t=2)))
    set_test(cfg, str(checkpoint), "test")
    assert (cfg.load_from, cfg.resume) == (str(checkpoint), False)
    assert cfg.test_dataloader == dict(t=1)
    set_test(cfg, str(checkpoint), "val")
    assert (cfg.test_dataloader, cfg.test_evaluator) == (dict(v=1), dict(v=2))
    cfg.val_dataloader = None
    with pytest.raises(ValueError, match="no val_dataloader"):
        set_test(cfg, str(checkpoint), "val")


def test_only_what_is_not_trained_is_tested_without_a_checkpoint():
    set_test(cfg := Config(dict(train_cfg=None)), None, "test")
    assert cfg.load_from is None
    with pytest.raises(FileNotFoundError, match="name the checkpoint to test"):
        set_test(Config(dict(train_cfg=dict(max_epochs=1))), None, "test")
    with pytest.raises(FileNotFoundError, match=r"no checkpoint 'x\.pth'"):
        set_test(Config(dict(train_cfg=None)), "x.pth", "test")
    with pytest.raises(ValueError, match="without a launcher"):
        set_test(Config(dict(train_cfg=None, launcher="pytorch")), None, "test")
