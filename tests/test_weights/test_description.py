import pytest
import timm
import torch
from mmpretrain.registry import MODELS

from lpt_mm.weights.architecture import ViTArchitecture, find_missing
from lpt_mm.weights.description import describe
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import leave_out_backbone
from lpt_mm.weights.layouts import to_mmpretrain
from lpt_mm.weights.official import from_official, to_official
from lpt_mm.weights.report import fitting_configs, print_weights
from lpt_mm.weights.weights import Weights
from tests.conftest import ROOT
from tests.golden import official_checkpoint, tiny_lpt

CONFIGS = ROOT / "configs"
DESCRIBE = ROOT / "tools" / "model_converters" / "describe_weights.py"


def shapes_of(name, **kwargs):
    with torch.device("meta"):
        return timm.create_model(name, **kwargs).state_dict()


@pytest.mark.parametrize(
    ("name", "text", "settings"),
    [
        ("vit_tiny_patch16_224", "ViT-Ti/16", dict(arch="deit-tiny", patch_size=16)),
        ("vit_base_patch32_224", "ViT-B/32", dict(arch="base", patch_size=32)),
        (
            "vit_large_patch14_clip_224",
            "ViT-L/14 with pre-norm (CLIP)",
            dict(arch="large", patch_size=14, pre_norm=True),
        ),
        (
            "vit_giant_patch14_dinov2",
            "ViT-g/14 with layer scale (DINOv2), SwiGLU",
            dict(
                arch="dinov2-giant",
                patch_size=14,
                layer_scale_init_value=1e-5,
                layer_cfgs=dict(ffn_type="swiglu_fused"),
            ),
        ),
    ],
)
def test_the_architecture_is_read_off_and_builds(name, text, settings):
    tensors = to_mmpretrain(shapes_of(name, num_classes=0))
    architecture = ViTArchitecture.of(tensors)
    assert str(architecture) == text
    assert architecture.settings() == settings
    with torch.device("meta"):
        img_size = 518 if "dinov2" in name else 224
        vit = MODELS.build(
            dict(settings, type="PromptedViT", img_size=img_size, prompt_mode="none")
        )
    assert {k: v.shape for k, v in vit.state_dict().items()} == {
        k: v.shape for k, v in tensors.items()
    }


def test_the_settings_that_differ_are_named():
    small = ViTArchitecture.of(to_mmpretrain(shapes_of("vit_small_patch14_dinov2")))
    base = ViTArchitecture.of(to_mmpretrain(shapes_of("vit_base_patch16_224")))
    assert base.settings(unlike=small) == dict(
        arch="base", patch_size=16, layer_scale_init_value=0.0
    )


def test_what_is_missing_is_found_without_knowing_the_model():
    tensors = to_mmpretrain(shapes_of("vit_base_patch16_224"))
    assert find_missing(tensors) == set()
    gone = {"layers.3.ln1.bias", "cls_token"}
    part = {k: v for k, v in tensors.items() if k not in gone}
    assert find_missing(part) == gone
    assert ViTArchitecture.of(part) is None


@pytest.mark.parametrize("official", [True, False])
@pytest.mark.parametrize("phase", [1, 2])
def test_lpt_checkpoints_are_described(official, phase):
    tensors = official_checkpoint(f"phase{phase}_forward")
    if not official:
        tensors = MODELS.build(tiny_lpt(phase)).state_dict()
    file = describe(Weights(tensors))
    assert file.layout == ("LPT's authors" if official else "lpt_mm")
    assert (file.phase, file.prompt_length, file.num_classes) == (phase, 5, 7)
    assert (file.pool_size, file.group_prompt_length, file.num_shared_layers) == (
        (6, 5, 2) if phase == 2 else (None, None, None)
    )
    assert file.img_size == (16, 16)


@pytest.mark.parametrize("tunings", [(), [dict(type="LoRA", bottleneck=2)]])
def test_classes_of_a_cosine_head_are_counted_without_prompts(tunings):
    model = MODELS.build(tiny_lpt(1, prompt_mode="none", tunings=tunings))
    light = leave_out_backbone(model.state_dict(), model.backbone.identity)
    for state in (model.state_dict(), light):
        assert describe(Weights(state)).num_classes == 7


@pytest.mark.parametrize(
    ("name", "prefix", "layout", "num_classes"),
    [
        ("vit_small_patch16_224", "", "timm", 1000),
        ("vit_small_patch16_224", "backbone.", "mmpretrain", None),
        ("resnet18", "", None, None),
    ],
)
def test_layouts_are_recognised(name, prefix, layout, num_classes):
    tensors = {f"{prefix}{k}": v for k, v in shapes_of(name).items()}
    file = describe(Weights(tensors))
    assert (file.layout, file.num_classes) == (layout, num_classes)


def test_the_configs_that_fit_are_found():
    def names(weights):
        return [path.stem for path in fitting_configs(weights, CONFIGS)]

    assert names(Weights(shapes_of("vit_base_patch16_224"))) == ["lpt_vit_base"]
    clip = shapes_of("vit_base_patch16_clip_quickgelu_224")
    assert names(Weights(clip)) == ["lpt_vit_base_clip"]
    assert names(Weights(shapes_of("vit_base_patch14_dinov2"))) == [
        "lpt_vit_base_dinov2"
    ]
    assert names(Weights(shapes_of("resnet18"))) == []


def test_a_file_is_described_for_its_user(run_here, tmp_path):
    state = official_checkpoint("phase2_forward")
    torch.save(dict(state_dict=state), tmp_path / "lpt.pth")
    (tmp_path / "none").mkdir()
    out = run_here(DESCRIBE, "lpt.pth", "--configs", "none")
    lines = ("LPT's authors", "24 wide, 4 layers, patch 8", "6 groups of 5")
    for text in (*lines, "none of the configs"):
        assert text in out
    assert "prompt_learner.Prompt_Keys" in out


def test_half_a_file_and_other_models_are_told(run_here, tmp_path):
    state = timm.create_model("resnet10t").state_dict()
    torch.save(state, tmp_path / "other.pth")
    out = run_here(DESCRIBE, "other.pth", fails=True)
    assert "error: 'other.pth' holds no whole vision transformer" in out
    state = list(official_checkpoint("phase1_forward").items())[::2]
    torch.save(dict(state), tmp_path / "half.pth")
    out = run_here(DESCRIBE, "half.pth", fails=True)
    assert "not whole: lacks" in out


@pytest.mark.parametrize(
    "tensors",
    [
        {"blocks.0.mlp.fc2.weight": torch.ones(24)},
        {"blocks.0.mlp.fc1.weight": torch.tensor(1.0)},
        {"patch_embed.proj.weight": torch.tensor(1.0)},
        {"prompt_learner.Prompt_Tokens_pool": torch.ones(2)},
        {"prompt_learner.Prompt_Tokens": torch.tensor(1.0)},
        {"blocks.0.attn.qkv.weight" + "9" * 5000: torch.ones(1)},
        {f"blocks.{'9' * 5000}.norm1.weight": torch.ones(1)},
        {"blocks.9999.norm1.weight": torch.ones(1)},
        {"[/red]\x1b[31m\udc80": torch.ones(1)},
    ],
)
def test_odd_tensors_are_described_all_the_same(capsys, tensors):
    weights = Weights(official_checkpoint("phase2_forward") | tensors)
    print_weights(weights, describe(weights), [])
    out = capsys.readouterr().out
    assert "What it is" in out
    assert "\x1b" not in out
    with pytest.raises(WeightFileError):
        from_official(weights)


@pytest.mark.parametrize("recorded", ["vit", None, dict(layer_norm_eps="x", heads=1)])
def test_records_of_the_wrong_type_are_not_believed(recorded):
    weights = Weights({}, dict(backbone=recorded))
    assert weights.hidden_settings == {}
    assert describe(weights).layout is None


def test_a_missing_folder_of_configs_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone"):
        list(fitting_configs(Weights({}), tmp_path / "gone"))


def test_tensors_without_values_are_no_transformer():
    state = MODELS.build(tiny_lpt(1)).backbone.frozen_state()
    assert ViTArchitecture.of(state) is not None
    empty = {name: torch.empty([0] * tensor.ndim) for name, tensor in state.items()}
    assert ViTArchitecture.of(empty) is None


def test_tunings_are_told_with_their_bottlenecks(capsys):
    tunings = [dict(type="AdaptFormer", bottleneck=3), dict(type="LoRA", bottleneck=2)]
    model = MODELS.build(tiny_lpt(1, prompt_mode="none", tunings=tunings))
    weights = Weights(model.state_dict())
    description = describe(weights)
    assert description.tunings == dict(adaptformer=3, lora=2)
    assert (description.phase, description.num_classes) == (None, 7)
    print_weights(weights, description, [])
    assert "bottleneck 3" in capsys.readouterr().out
    with pytest.raises(WeightFileError, match="not whole"):
        to_official(weights)
