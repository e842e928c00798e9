from unittest.mock import Mock

import pytest
from mmpretrain.registry import HOOKS, MODELS

from lpt_mm.utils.errors import UserError
from tests.golden import tiny_lpt


def test_refuses_a_head_that_compares_with_nothing():
    hook = HOOKS.build(dict(type="FeatureBankHook", train_dataloader=dict()))
    runner = Mock(model=MODELS.build(tiny_lpt(1)), world_size=1)
    with pytest.raises(UserError, match="CosineHead compares with no features"):
        hook.before_test(runner)


def test_refuses_several_processes():
    hook = HOOKS.build(dict(type="FeatureBankHook", train_dataloader=dict()))
    with pytest.raises(ValueError, match="test without a launcher"):
        hook.before_test(Mock(world_size=2))
