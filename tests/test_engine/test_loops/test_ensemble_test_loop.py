"""Testing on crops against a plain loop over torchvision's, one image at a time."""

import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from PIL import Image
from torch.testing import assert_close
from torchvision.transforms.functional import five_crop, ten_crop

from lpt_mm.datasets import DigitsLT
from lpt_mm.engine.loops import EnsembleTestLoop
from lpt_mm.engine.testing import averages_crops, run_test, use_crops
from lpt_mm.utils.errors import UserError
from tests.test_inference.conftest import Scores, digits_config, save_digits

LOOP = "EnsembleTestLoop"


class Case:
    """A model of digits that is tested on a few of them."""

    def __init__(self, folder, name="lpt/phase1_digits_lt", **model):
        self.cfg = digits_config(name)
        self.cfg.merge_from_dict(dict(model=model))
        self.cfg.test_dataloader.dataset.indices = 40
        self.cfg.update(work_dir=str(folder), log_level="ERROR", val_dataloader=None)
        self.cfg.update(val_cfg=None, val_evaluator=None)
        self.cfg.experiment_name = f"crops_{folder.name}"
        if self.cfg.train_cfg is not None:
            self.checkpoint = str(folder / "digits.pth")
            save_digits(self.checkpoint, self.cfg)
            self.cfg.load_from = self.checkpoint

    def test(self, **test_cfg):
        """Test, and return runner and scores (number of images, C)."""
        cfg = Config(self.cfg.to_dict())
        cfg.test_cfg = dict(type=LOOP, **test_cfg) if test_cfg else dict()
        cfg.experiment_name += json.dumps(test_cfg)
        runner = Runner.from_cfg(cfg)
        runner.register_hook(scores := Scores())
        runner.test()
        return runner, torch.stack(scores.scores)

    def images(self):
        """Give the images that are tested on, of Pillow."""
        dataset = DigitsLT(split="test")
        return [Image.fromarray(dataset[i]["img"]) for i in range(40)]


@torch.no_grad()
def loop(model, images, mean, side=11, size=8, cut=five_crop):
    """Average over crops, image by image and crop by crop."""
    scores = []
    for image in images:
        logits = []
        for crop in cut(image.resize((side, side), Image.BILINEAR), size):
            pixels = torch.from_numpy(np.array(crop)).reshape(1, 1, size, size)
            inputs = model.data_preprocessor(dict(inputs=pixels))["inputs"]
            logits.append(model.head(model.extract_feat(inputs))[0])
        if mean == "logits":
            scores.append(torch.stack(logits).mean(0).softmax(0))
        else:
            scores.append(torch.stack(logits).softmax(1).mean(0))
    return torch.stack(scores)


@pytest.mark.parametrize("name", ["lpt/phase1_digits_lt", "lpt/phase2_digits_lt"])
def test_scores_are_those_of_a_plain_loop(name, tmp_path):
    case = Case(tmp_path, name)
    runner, scores = case.test(num_crops=5)
    assert_close(scores, loop(runner.model, case.images(), "logits"))
    assert_close(
        case.test(mean="probabilities")[1],
        loop(runner.model, case.images(), "probabilities"),
    )
    _, mirrored = case.test(num_crops=10, expand=4)
    wanted = loop(runner.model, case.images(), "logits", side=12, cut=ten_crop)
    assert_close(mirrored, wanted)
    plain = case.test()[1]
    others = [scores, mirrored]
    assert all((plain - other).abs().max() > 1e-3 for other in others)
    assert_close(case.test(num_crops=1, expand=0)[1], plain, rtol=0, atol=0)


def test_k_nn_votes_on_crops_by_the_bank_of_whole_images(tmp_path):
    case = Case(tmp_path, "baselines/knn_digits_lt")
    runner, scores = case.test(num_crops=5)
    whole, _ = case.test()
    assert torch.equal(runner.model.head.bank, whole.model.head.bank)
    assert_close(scores, loop(runner.model, case.images(), "logits"))


def test_any_classifier_is_tested_and_given_a_batch_at_a_time(tmp_path):
    case = Case(tmp_path, type="ImageClassifier", head=dict(in_channels=64))
    case.cfg.test_dataloader.batch_size = 16
    case.cfg.test_dataloader.collate_fn = dict(type="pseudo_collate")
    sizes = []
    register = torch.nn.modules.module.register_module_forward_pre_hook
    handle = register(
        lambda module, args: (
            sizes.append(len(args[0]))
            if type(module).__name__ == "PatchEmbed"
            else None
        )
    )
    try:
        runner, scores = case.test(num_crops=5)
    finally:
        handle.remove()
    assert sizes == [16] * 5 + [16] * 5 + [8] * 5
    assert_close(scores, loop(runner.model, case.images(), "logits"))


def test_the_report_records_what_was_averaged(tmp_path):
    case = Case(tmp_path)
    case.cfg.log_level = "INFO"
    use_crops(case.cfg)
    out = tmp_path / "out.json"
    report = run_test(case.cfg, case.checkpoint, out=str(out))
    tta = dict(expand=3, num_crops=5, mean="logits")
    assert report["tta"] == json.loads(out.read_text())["tta"] == tta
    log = next(tmp_path.glob("*/*.log")).read_text()
    words = (
        "testing by the mean of the logits of 5 crops (four corners and the centre) of "
        "images whose short side is 3 pixels longer"
    )
    assert log.count(words) == 1
    case.cfg.test_cfg = dict()
    assert "tta" not in run_test(case.cfg, case.checkpoint)


def test_the_options_of_the_config_are_kept():
    cfg = Config(dict(test_cfg=dict(type=LOOP, num_crops=10)))
    use_crops(cfg)
    assert cfg.test_cfg == dict(type=LOOP, num_crops=10)
    cfg = Config(dict(test_cfg=dict(fp16=True)))
    use_crops(cfg)
    assert cfg.test_cfg == dict(type=LOOP, fp16=True)
    assert averages_crops(cfg)
    assert not averages_crops(Config(dict(test_cfg=None)))
    for kind in (EnsembleTestLoop, f"mmpretrain.{LOOP}"):
        cfg = Config(dict(test_cfg=dict(type=kind, expand=3)))
        assert averages_crops(cfg)
        use_crops(cfg)
        assert cfg.test_cfg == dict(type=LOOP, expand=3)
    with pytest.raises(UserError, match="is tested by OtherLoop"):
        use_crops(Config(dict(test_cfg=dict(type="OtherLoop"))))


def test_a_loader_that_is_built_is_refused(tmp_path):
    case = Case(tmp_path)
    runner = Runner.from_cfg(Config(case.cfg.to_dict()))
    with pytest.raises(UserError, match="give test_dataloader as a config, not as a D"):
        EnsembleTestLoop(runner, runner.test_dataloader, runner.test_evaluator)


def test_a_head_of_many_labels_is_refused(tmp_path):
    cfg = Config(Case(tmp_path).cfg.to_dict())
    runner = Runner.from_cfg(cfg)
    head = dict(type="MultiLabelLinearClsHead", num_classes=10, in_channels=64)
    runner.model.head = MODELS.build(head)
    with pytest.raises(UserError, match="cannot those of MultiLabelLinearClsHead"):
        EnsembleTestLoop(runner, cfg.test_dataloader, cfg.test_evaluator)
