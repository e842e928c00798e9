from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.config import Config
from mmpretrain.registry import DATASETS, HOOKS, MODELS

from lpt_mm.engine.hooks.class_count_hook import count_classes
from lpt_mm.evaluation import LongTailMetric
from lpt_mm.weights.errors import WeightFileError
from tests.conftest import ROOT
from tests.golden import tiny_lpt

COUNTS = [100, 71, 51, 36, 26, 18, 13, 9, 6, 5]


def make_runner(num_classes=10):
    cfg = tiny_lpt(1)
    cfg["head"]["num_classes"] = num_classes
    dataset = DATASETS.build(
        dict(type="DualSamplerDataset", dataset=dict(type="DigitsLT", split="train"))
    )

    loops = dict(train=None, val=LongTailMetric(), test=LongTailMetric())
    return FakeRunner(MODELS.build(cfg), dataset, loops)


class FakeRunner:
    """Like mmengine's runner it builds a loop when asked for it; tests see which."""

    def __init__(self, model, dataset, metrics):
        self.model = model
        self.train_dataloader = SimpleNamespace(dataset=dataset)
        self.metrics = metrics
        self.built = set()

    def _loop(self, name):
        self.built.add(name)
        return SimpleNamespace(evaluator=SimpleNamespace(metrics=[self.metrics[name]]))

    val_loop = property(lambda self: self._loop("val"))
    test_loop = property(lambda self: self._loop("test"))


def losses(runner):
    return [runner.model.head.loss_module, runner.model.head.instance_loss_module]


def test_counts_reach_losses_and_validation():
    runner, hook = make_runner(), HOOKS.build(dict(type="ClassCountHook"))
    hook.before_train(runner)
    owners = [*losses(runner), runner.metrics["val"]]
    assert [owner.cls_num_list for owner in owners] == [COUNTS] * 3
    assert runner.built == {"val"}  # training needs no test set


def test_counts_travel_with_the_checkpoint():
    hook = HOOKS.build(dict(type="ClassCountHook"))
    hook.before_train(make_runner())
    checkpoint = dict(meta={})
    hook.before_save_checkpoint(None, checkpoint)

    runner, hook = make_runner(), HOOKS.build(dict(type="ClassCountHook"))
    hook.after_load_checkpoint(runner, checkpoint)
    hook.before_test(runner)
    owners = [*losses(runner), runner.metrics["test"]]
    assert [owner.cls_num_list for owner in owners] == [COUNTS] * 3
    assert runner.built == {"test"}  # testing needs no validation set


def test_counts_of_a_foreign_checkpoint_are_those_of_the_training_set():
    runner, hook = make_runner(), HOOKS.build(dict(type="ClassCountHook"))
    runner.cfg = Config.fromfile(ROOT / "configs" / "lpt" / "phase1_digits_lt.py")
    hook.after_load_checkpoint(runner, dict(meta={}))
    hook.before_test(runner)
    assert runner.metrics["test"].cls_num_list == COUNTS


def test_counts_of_another_number_of_classes_are_refused():
    hook = HOOKS.build(dict(type="ClassCountHook"))
    with pytest.raises(WeightFileError, match="counts of 3 classes.*model 10"):
        hook.after_load_checkpoint(
            make_runner(), dict(meta=dict(cls_num_list=[3, 2, 1]))
        )


def test_counts_set_by_hand_are_kept_when_testing():
    runner, hook = make_runner(), HOOKS.build(dict(type="ClassCountHook"))
    runner.metrics["test"].cls_num_list = [7] * 10
    hook.after_load_checkpoint(runner, dict(meta=dict(cls_num_list=COUNTS)))
    hook.before_test(runner)
    assert runner.metrics["test"].cls_num_list == [7] * 10


def test_head_must_have_the_classes_of_the_data():
    hook = HOOKS.build(dict(type="ClassCountHook"))
    with pytest.raises(ValueError, match="10 classes but the head 12.*num_classes=10"):
        hook.before_train(make_runner(num_classes=12))


def test_counts_are_in_class_order():
    assert count_classes(np.array([2, 0, 2, 1]), 3) == [1, 1, 2]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 3, 1, 2], r"labels 0 \.\.\. 3, but the head has num_classes=3"),
        ([0, -1, 1], r"labels -1 \.\.\. 1"),
        ([0, 0, 0], r"2 of 3 classes have no training image: 1 \(bee\), 2 \(cat\)"),
    ],
)
def test_refuses_labels_that_training_cannot_work_with(labels, message):
    with pytest.raises(ValueError, match=message):
        count_classes(np.array(labels), 3, ("ant", "bee", "cat"))


def test_a_set_without_images_is_refused():
    with pytest.raises(ValueError, match="the training set has no image"):
        count_classes(np.zeros(0, dtype=np.int64), 3)
