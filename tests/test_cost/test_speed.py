import json

import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS
from PIL import Image
from torch.testing import assert_close
from torch.utils.flop_counter import flop_registry

from lpt_mm.cost.data_speed import measure_data_speed
from lpt_mm.cost.machine import MATRIX_SIZE, matrix_product
from lpt_mm.cost.model_speed import measure_model_speed
from lpt_mm.cost.plain_reference import PlainLPT, plain_crop
from lpt_mm.cost.resources import count_flops, peak_memory, time_in_turns
from tests.conftest import ROOT
from tests.golden import tiny_lpt

TOOL = ROOT / "tools" / "analysis_tools" / "benchmark.py"
DIGITS = ROOT / "configs" / "lpt" / "phase2_digits_lt.py"
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _small_yardstick(monkeypatch):
    """In bfloat16 the large one takes minutes on processors that emulate it."""
    monkeypatch.setitem(MATRIX_SIZE, "cpu", 256)


def tiny_config(phase, **backbone):
    return Config(
        dict(
            default_scope="mmpretrain",
            model=tiny_lpt(phase, **backbone)
            | dict(data_preprocessor=dict(type="ClsDataPreprocessor")),
            optim_wrapper=dict(optimizer=dict(type="SGD", lr=0.01)),
        )
    )


def test_flops_are_two_for_a_multiplication_and_an_addition():
    a, b = torch.randn(3, 5), torch.randn(5, 7)
    assert count_flops(lambda: a @ b) == 2 * 3 * 5 * 7
    product, flops = matrix_product(torch.float32, CPU)
    assert count_flops(product) == flops


def test_peak_memory_is_that_of_what_is_held_at_once():
    def one_after_the_other():
        for _ in range(3):
            torch.empty(2**18)  # float32: 1 MiB, freed at once

    def together():
        return [torch.empty(2**18) for _ in range(3)]

    assert peak_memory(one_after_the_other, CPU) == 2**20
    assert peak_memory(together, CPU) == 3 * 2**20


def test_functions_take_turns():
    calls = []
    seconds = time_in_turns(
        {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3, CPU
    )
    assert calls == ["a", "b"] * (2 + 3)
    assert {name: len(times) for name, times in seconds.items()} == {"a": 3, "b": 3}


@pytest.mark.parametrize("phase", [1, 2])
@pytest.mark.parametrize("work", ["infer", "train"])
def test_plain_reference_gives_the_same(phase, work):
    cfg = tiny_config(phase)
    speeds = measure_model_speed(cfg, work, 4, 1, reference=PlainLPT)
    ours, theirs = speeds["config"], speeds["reference"]
    assert ours["difference_to_reference"] < 1e-5
    assert ours["flops_per_image"] < theirs["flops_per_image"]
    assert ours["parameters"] == theirs["parameters"]
    assert cfg.model.type == "LPTClassifier"
    trained = 7 * 24 + (4 * 5 * 24 if phase == 1 else 6 * 2 * 5 * 24 + 6 * 24)
    key = "trained_parameters"
    assert ours[key] == theirs[key] == trained


def test_other_ways_to_choose_groups_are_measured_without_a_run():
    cfg = tiny_config(2)
    cfg.model.neck.update(matching="soft", choice_noise=0.5, key_init="kmeans")
    cfg.model.neck.frozen_keys = True
    speeds = measure_model_speed(cfg, "train", 4, 1, reference=PlainLPT)
    assert speeds["config"]["difference_to_reference"] < 1e-5
    assert speeds["config"]["trained_parameters"] == 7 * 24 + 6 * 2 * 5 * 24


@pytest.mark.parametrize("prompt_mode", ["deep", "none"])
@pytest.mark.parametrize("phase", [1, 2])
def test_plain_reference_has_tunings(phase, prompt_mode):
    tunings = [dict(type=x, bottleneck=2) for x in ("AdaptFormer", "Adapter")]
    tunings[1]["layers"] = (1, 3)
    cfg = tiny_lpt(phase, tunings=tunings, prompt_mode=prompt_mode)
    model = MODELS.build(cfg).eval()
    for parameter in model.backbone.tunings.parameters():  # which start as nothing
        torch.nn.init.normal_(parameter, std=0.3)
    plain = PlainLPT(**{k: v for k, v in cfg.items() if k != "type"}).eval()
    plain.load_state_dict(model.state_dict())
    images = torch.randn(3, 3, 16, 16)
    expected = model(images, mode="tensor")
    assert_close(plain(images, mode="tensor"), expected, rtol=1e-4, atol=1e-4)


def test_bfloat16_is_compared_with_float32():
    cfg = tiny_config(2, frozen_dtype="bfloat16")
    speeds = measure_model_speed(cfg, "train", 4, 1, reference=PlainLPT)
    assert 1e-5 < speeds["config"]["difference_to_reference"] < 0.2
    key = "matmul_peak_flops"
    assert speeds["config"][key] != speeds["reference"][key]


@pytest.mark.parametrize("work", ["infer", "train"])
def test_amp_is_compared_with_float32(work):
    cfg = tiny_config(1)
    speeds = measure_model_speed(cfg, work, 4, 1, amp=True, reference=PlainLPT)
    assert 1e-5 < speeds["config"]["difference_to_reference"] < 0.3
    assert "type" not in cfg.optim_wrapper
    key = "matmul_peak_flops"
    assert speeds["config"][key] != speeds["reference"][key]


def test_flops_are_those_of_the_method():
    """By hand: products of each layer, for one image of phase 1."""
    tokens, prompts, dims = 5, 5, 24
    linear = 12 * dims**2 * tokens
    counted = (
        torch.ops.aten._scaled_dot_product_flash_attention_for_cpu in flop_registry
    )
    attention = counted * 2 * tokens * 16 * dims  # keys are filled up to 16
    class_attention = counted * 2 * (tokens + prompts) * 3 * dims
    class_token = (4 + 8) * dims**2 + class_attention
    embed, head = 4 * 3 * 8 * 8 * dims, 7 * dims
    prompted = 2 * dims**2 * prompts  # keys and values of prompts that are trained
    layers = 3 * (linear + attention + prompted)
    expected = 2 * (embed + layers + class_token + head)
    speed = measure_model_speed(tiny_config(1), "infer", 1, 1)["config"]
    assert speed["flops_per_image"] == expected


def test_data_are_read_from_the_config(tmp_path):
    for i in range(4):
        (tmp_path / str(i % 2)).mkdir(exist_ok=True)
        Image.new("RGB", (60, 50), (255, 0, 0)).save(tmp_path / str(i % 2) / f"{i}.jpg")
    pipeline = [
        dict(type="LoadRandomResizedCrop", scale=32),
        dict(type="PackInputs"),
    ]
    dataset = dict(type="CustomDataset", data_root=str(tmp_path), pipeline=pipeline)
    preprocessor = dict(type="ClsDataPreprocessor", mean=[127.5] * 3, std=[127.5] * 3)
    cfg = Config(
        dict(
            default_scope="mmpretrain",
            model=dict(data_preprocessor=preprocessor),
            train_dataloader=dict(
                dataset=dict(type="DualSamplerDataset", dataset=dataset)
            ),
        )
    )
    speeds = measure_data_speed(cfg, 6, 1, plain_crop)
    assert speeds["config"]["images"] == speeds["reference"]["images"] == 6
    image = plain_crop(str(tmp_path / "0" / "0.jpg"), 32, [127.5] * 3, [127.5] * 3)
    red = torch.tensor([1.0, -1.0, -1.0])[:, None, None].expand(3, 32, 32)
    assert_close(image, red, rtol=0, atol=0.02)


def test_the_tool_prints_and_writes(run_here, tmp_path):
    command = (DIGITS, "--phase", "train", "--baseline", "--repeats", 1, "--json")
    out = run_here(TOOL, *command, tmp_path / "speed.json")
    assert "times as fast as the plain reference" in out
    report = json.loads((tmp_path / "speed.json").read_text())
    assert report["config"]["parameters"] == report["reference"]["parameters"]
    assert report["config"]["peak_memory"] < report["reference"]["peak_memory"]
    assert "torch" in report["machine"]
    again = run_here(TOOL, *command, tmp_path / "speed.json", fails=True)
    assert "is not overwritten" in again


def test_the_tool_refuses_what_it_cannot_compare(run_here):
    option = "model.backbone.prompt_mode=shallow"
    out = run_here(TOOL, DIGITS, "--baseline", "--cfg-options", option, fails=True)
    assert "any prompt_mode but 'shallow'" in out
    out = run_here(TOOL, DIGITS, "--phase", "data", "--baseline", fails=True)
    assert "DigitsLT has no image files: run without --baseline" in out
