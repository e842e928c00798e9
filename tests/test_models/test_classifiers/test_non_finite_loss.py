"""A loss that is not finite stops the run before it changes anything."""

import copy
import re

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import nn
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode

from lpt_mm.models.classifiers import NonFiniteLossError
from lpt_mm.models.classifiers.non_finite_loss import require_finite_loss
from tests.conftest import ROOT
from tests.golden import tiny_lpt

NAN, INF = float("nan"), float("inf")
WRAPPERS = {1: "OptimWrapper", 2: "BFloat16OptimWrapper"}


class Spoil(Hook):
    """Spoil the third step, and keep what the model and the optimizer were."""

    def __init__(self, spoil):
        self.spoil = spoil

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if batch_idx == 2:
            self.spoil(runner.model, data_batch)
            self.before = copy.deepcopy(state(runner))

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.steps = batch_idx + 1


def state(runner):
    return runner.model.state_dict(), runner.optim_wrapper.state_dict()


def run_into(spoil, phase, tmp_path):
    """Train until the error; return what it says, and the names of the images."""
    cfg = Config.fromfile(ROOT / "configs" / "lpt" / f"phase{phase}_digits_lt.py")
    cfg.work_dir, cfg.log_level = str(tmp_path), "ERROR"
    cfg.train_cfg.max_epochs = 2
    cfg.optim_wrapper.type, cfg.experiment_name = WRAPPERS[phase], tmp_path.name
    batches, hook = [], Spoil(lambda *args: batches.append(args[1]) or spoil(*args))
    cfg.phase1_work_dir = None
    runner = Runner.from_cfg(cfg)
    runner.model.backbone.tuned_loaded = True  # random ones will do
    runner.register_hook(hook, "LOWEST")
    with pytest.raises(NonFiniteLossError) as caught:
        runner.train()
    assert hook.steps == 2
    weights, optimizer = state(runner)
    exact = dict(rtol=0, atol=0, equal_nan=True)
    assert_close(weights, hook.before[0], **exact)
    assert_close(optimizer, hook.before[1], **exact)
    assert optimizer["state"]  # there are momenta, which could have changed
    rate = f"{optimizer['param_groups'][0]['lr']:.3g}"
    assert f"not finite in step 3, epoch 1, learning rate {rate}: " in str(caught.value)
    assert not list(tmp_path.glob("*.pth"))
    samples = batches[0]["data_samples"]
    names = [f"image {sample.sample_idx} of the data set" for sample in samples]
    return str(caught.value), names


@pytest.mark.parametrize("phase", [1, 2])
def test_a_broken_weight_stops_the_run(phase, tmp_path):
    def spoil(model, _):
        model.head.weight.data[3, 5] = NAN

    text, names = run_into(spoil, phase, tmp_path)
    assert ": loss_instance_balanced = nan, loss_class_balanced = nan;" in text
    assert "loss_key" not in text
    listed = sorted(set(names))
    assert f"The batch: {', '.join(listed[:5])} and {len(listed) - 5} more." in text
    assert "Not finite before this step: head.weight." in text
    assert "Lower the learning rate" in text


def test_each_term_counts(tmp_path):
    def spoil(model, _):
        model.neck.loss_weight = INF

    text, _ = run_into(spoil, 2, tmp_path)
    assert re.search(r": loss_key = -?inf;", text)
    assert "before this step:" not in text


def test_images_without_finite_features_are_named(tmp_path):
    def spoil(_, data_batch):
        data_batch["inputs"] = data_batch["inputs"].float()
        data_batch["inputs"][5, 0, 0, 0] = NAN

    text, names = run_into(spoil, 1, tmp_path)
    assert f"Features of 1 of 128 images are not finite: {names[5]}." in text
    assert "before this step:" not in text


def test_plain_batches_and_no_runner():
    model = MODELS.build(tiny_lpt(1))
    model.head.loss_module.cls_num_list = [1] * 7
    model.head.loss_module.margin = INF
    MessageHub.get_instance("without a runner")
    samples = [
        DataSample(metainfo=dict(img_path=f"a/{i}.jpg")).set_gt_label(i)
        for i in range(2)
    ]
    with pytest.raises(NonFiniteLossError) as caught:
        model.loss(torch.randn(2, 3, 16, 16), samples)
    assert "in this step: loss_cls = " in str(caught.value)
    assert "The batch: a/0.jpg, a/1.jpg." in str(caught.value)
    samples[0].set_field("", "img_path", field_type="metainfo")
    with pytest.raises(NonFiniteLossError, match=r"batch: a/1.jpg, image \? of the"):
        model.loss(torch.randn(2, 3, 16, 16), samples)


def test_terms_that_are_too_large_together_are_refused():
    losses = dict(loss_cls=torch.tensor(3e38), loss_key=torch.tensor(2e38))
    samples = [DataSample(metainfo=dict(sample_idx=4))]
    with pytest.raises(NonFiniteLossError, match="the sum overflows; this step"):
        require_finite_loss(losses, torch.ones(1, 2), samples, nn.Linear(2, 2))


def test_a_finite_loss_waits_for_the_device_once():
    waits = []

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            if function is torch.ops.aten._local_scalar_dense.default:
                waits.append(function)
            return function(*args, **(kwargs or {}))

    losses = dict.fromkeys(("loss_a", "loss_b", "loss_c"), torch.tensor(1.0))
    with Watch():
        require_finite_loss(losses, torch.ones(1, 2), [DataSample()], nn.Linear(2, 2))
    assert len(waits) == 1
