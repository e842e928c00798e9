from types import SimpleNamespace

import numpy as np
import pytest
from mmpretrain.registry import DATASETS, HOOKS, MODELS

from lpt_mm.engine.hooks.class_count_hook import count_classes
from lpt_mm.evaluation import LongTailMetric
from tests.golden import tiny_lpt

COUNTS = [100, 71, 51, 36, 26, 18, 13, 9, 6, 5]


def make_runner(num_classes=10):
    cfg = tiny_lpt(1)
    cfg["head"]["num_classes"] = num_classes
    dataset = DATASETS.build(
        dict(type="DualSamplerDataset", dataset=dict(type="DigitsLT", split="train"))
    )

    def loop():
        return SimpleNamespace(evaluator=SimpleNamespace(metrics=[LongTailMetric()]))

    return SimpleNamespace(
        model=MODELS.build(cfg),
        train_dataloader=SimpleNamespace(dataset=dataset),
        val_loop=loop(),
        test_loop=loop(),
    )


def owners(runner):
    head = runner.model.head
    loops = (runner.val_loop, runner.test_loop)
    metrics = [loop.evaluator.metrics[0] for loop in loops]
    return [head.loss_module, head.instance_loss_module, *metrics]


def test_counts_reach_losses_and_metrics():
    runner, hook = make_runner(), HOOKS.build(dict(type="ClassCountHook"))
    hook.before_train(runner)
    assert [owner.cls_num_list for owner in owners(runner)] == [COUNTS] * 4


def test_counts_travel_with_the_checkpoint():
    hook = HOOKS.build(dict(type="ClassCountHook"))
    hook.before_train(make_runner())
    checkpoint = dict(meta={})
    hook.before_save_checkpoint(None, checkpoint)

    runner, hook = make_runner(), HOOKS.build(dict(type="ClassCountHook"))
    runner.test_loop.evaluator.metrics.append(LongTailMetric(cls_num_list=[7] * 10))
    hook.after_load_checkpoint(runner, checkpoint)
    hook.before_test(runner)
    assert [owner.cls_num_list for owner in owners(runner)] == [COUNTS] * 4
    assert runner.test_loop.evaluator.metrics[1].cls_num_list == [7] * 10


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
