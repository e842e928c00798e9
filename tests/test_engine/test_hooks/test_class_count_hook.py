from types import SimpleNamespace
from typing import ClassVar

import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import BaseLoop
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


class Loop(BaseLoop):
    """A loop that is built."""

    def __init__(self):
        pass

    def run(self):
        pass


class FakeRunner:
    """Like mmengine's runner it builds a loop when asked for it; tests see which."""

    iter, max_iters, logger = 0, 1, MMLogger.get_instance("test")

    def __init__(self, model, dataset, metrics):
        self._train_loop = Loop()
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
    hook.before_run(runner)
    hook.after_load_checkpoint(runner, dict(meta=dict(cls_num_list=[1] * 10)))
    hook.before_train(runner)
    owners = [*losses(runner), runner.metrics["val"]]
    assert [owner.cls_num_list for owner in owners] == [COUNTS] * 3
    assert runner.built == {"val"}  # training needs no test set


def test_counts_travel_with_the_checkpoint():
    hook = HOOKS.build(dict(type="ClassCountHook"))
    trained = make_runner()
    hook.before_run(trained)
    hook.before_train(trained)
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
    with pytest.raises(ValueError, match="10 classes but the head has 12: set .*=10"):
        hook.before_run(make_runner(num_classes=12))
    with pytest.raises(ValueError, match="10 classes but the head has 9: set .*=10"):
        hook.before_run(make_runner(num_classes=9))


class Labels(list):
    """A data set that is nothing but labels."""

    metainfo: ClassVar = {}

    def get_gt_labels(self):
        return self

    def get_data_info(self, index):
        return dict(img_path=f"{index}.jpg")


def named(labels, *names):
    labels = Labels(labels)
    labels.metainfo = dict(classes=names)
    return labels


def test_counts_are_in_class_order():
    assert count_classes(Labels([2, 0, 2, 1]), 3) == [1, 1, 2]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 3, 1, 2], r"train: 1 of 4 labels is not in 0 \.\.\. 2: 3 \(1\.jpg\)"),
        ([0, -1, 1], r"not in 0 \.\.\. 2: -1 \(1\.jpg\)"),
        ([0, 0, 0], r"train: no image of 2 of 3 classes: bee, cat; add images or"),
        ([], "train: there is no image"),
    ],
)
def test_refuses_labels_that_training_cannot_work_with(labels, message):
    with pytest.raises(ValueError, match=message):
        count_classes(named(labels, "ant", "bee", "cat"), 3)


def test_classes_of_the_same_name_are_refused():
    with pytest.raises(ValueError, match="several classes have the same name: ant"):
        count_classes(named([0, 1, 2], "ant", "bee", "ant"), 3)
