"""Cost of models, by formulas and by files that were really saved."""

import json

import pytest
import torch
from mmengine.config import Config

from lpt_mm.cost.model_cost import full_fine_tuning, measure_cost
from lpt_mm.weights.skeleton import build_skeleton
from tests.conftest import ROOT
from tests.golden import tiny_lpt

TOOLS = ROOT / "tools"
COST = TOOLS / "analysis_tools" / "cost.py"
DIGITS = ROOT / "configs" / "lpt" / "phase2_digits_lt.py"
# So many prompts that what else is in a checkpoint does not matter.
LARGE = ("model.neck.pool_size=200", "model.neck.prompt_length=40")


def tiny_config(phase=1, **backbone):
    return Config(
        dict(
            default_scope="mmpretrain",
            model=tiny_lpt(phase, **backbone)
            | dict(data_preprocessor=dict(type="ClsDataPreprocessor")),
            optim_wrapper=dict(optimizer=dict(type="SGD", lr=0.01, momentum=0.9)),
        )
    )


def test_places_trains_as_many_parameters_as_the_paper_says():
    cfg = Config.fromfile(ROOT / "configs" / "lpt" / "phase2_places_lt.py")
    model = build_skeleton(cfg.model)
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert trained == 768 * (20 * (6 * 10 + 1) + 365)
    beside_head = trained - 768 * 365
    total = sum(p.numel() for p in model.parameters()) - 768 * 365
    assert 0.010 < beside_head / total < 0.011  # the paper's 1.1 %


def test_parameters_and_bytes_of_a_tiny_model():
    dims, classes = 24, 7
    cost = measure_cost(tiny_config(phase=2))
    prompts = 6 * (2 * 5 + 1) * dims  # pool, layers, length; keys
    assert cost["trained_parameters"] == prompts + classes * dims
    assert cost["trained_parameters_beside_head"] == prompts
    assert cost["parameters"] - cost["parameters_beside_head"] == classes * dims
    # There are no pre-trained weights to leave out; momentum doubles what is trained.
    assert cost["model_bytes"] == 4 * cost["parameters"]
    momentum = cost["checkpoint_bytes"] - cost["model_bytes"]
    assert momentum == 4 * cost["trained_parameters"]


def test_flops_of_a_plain_transformer():
    """By hand: 5 tokens, 24 channels, 4 layers; attention is not the point here."""
    tokens, dims = 5, 24
    cfg = full_fine_tuning(tiny_config())
    cost = measure_cost(cfg)
    embed, head = 4 * 3 * 8 * 8 * dims, 7 * dims
    last = 2 * dims**2 * tokens + (2 + 8) * dims**2  # keys and values of all tokens
    products = 2 * (embed + 3 * 12 * dims**2 * tokens + last + head)
    # 3 heads; keys may be filled up to 16, and older torch counts no attention on CPU.
    attention = 2 * 2 * (3 * tokens * 16 + 3 * tokens) * dims
    assert products <= cost["infer_flops_per_image"] <= products + attention
    # The backward pass has two products for each, but none for the images.
    assert cost["train_flops_per_image"] == pytest.approx(
        3 * cost["infer_flops_per_image"], rel=0.15
    )


def test_prompts_make_training_cheaper_than_full_fine_tuning():
    cfg = tiny_config()
    tuned, full = measure_cost(cfg), measure_cost(full_fine_tuning(cfg))
    assert full["trained_parameters"] == full["parameters"]
    assert full["trained_share"] == full["trained_share_beside_head"] == 1
    assert tuned["train_flops_per_image"] < full["train_flops_per_image"]
    assert tuned["checkpoint_bytes"] < full["checkpoint_bytes"]
    assert cfg.model.backbone.get("frozen", True)


def test_a_config_that_trains_nothing_is_refused():
    cfg = tiny_config()
    cfg.optim_wrapper = None
    with pytest.raises(ValueError, match="trains nothing"):
        measure_cost(cfg)


def test_the_tool_tells_the_size_of_real_files(run_here, tmp_path):
    """A large prompt pool is trained for an epoch, and published."""
    short = ("train_cfg.max_epochs=1", "train_cfg.val_interval=9", "log_level=ERROR")
    save = "default_hooks.checkpoint.interval=1"
    # All prompts start at random.
    start = ("phase1_work_dir=None", "model.backbone.frozen_prompts=False")
    options = (*LARGE, *short, save, *start)
    run_here(TOOLS / "train.py", DIGITS, "--cfg-options", *options)
    checkpoint = tmp_path / "work_dirs" / "phase2_digits_lt" / "epoch_1.pth"
    model = tmp_path / "model.safetensors"
    publish = TOOLS / "model_converters" / "publish_model.py"
    run_here(publish, checkpoint.parent, checkpoint, model)
    command = (DIGITS, "--json", "cost.json", "--cfg-options", *LARGE)
    out = run_here(COST, *command)
    assert "full fine-tuning" in out
    costs = json.loads((tmp_path / "cost.json").read_text())
    ours = costs["phase2_digits_lt"]
    assert ours["trained_parameters"] == 64 * (200 * (3 * 40 + 1) + 10)
    size = checkpoint.stat().st_size
    assert ours["checkpoint_bytes"] == pytest.approx(size, rel=0.02)
    assert ours["model_bytes"] == pytest.approx(model.stat().st_size, rel=0.02)
    tensors = torch.load(checkpoint, weights_only=True)["state_dict"].values()
    assert ours["model_bytes"] == sum(t.nbytes for t in tensors)
    again = run_here(COST, *command, fails=True)
    assert "is not overwritten" in again


def test_several_configs_stand_in_one_table(run_here):
    phase1 = DIGITS.with_name("phase1_digits_lt.py")
    out = run_here(COST, phase1, DIGITS)
    assert "phase1_digits_lt" in out
    assert "phase2_digits_lt" in out
    assert f"{6 * 64 + 10 * 64:,}" in out
