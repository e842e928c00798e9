import pytest
import torch

from lpt_mm.weights.identity import (
    compare_backbones,
    decode_identity,
    encode_identity,
    fingerprint,
    leave_out_backbone,
)


def make_layers():
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.randn(shape, generator=generator)
        for name, shape in (("a", (3, 4)), ("b", (5,)), ("pos_embed", (1, 4, 2)))
    }


def test_a_fingerprint_is_that_of_the_values():
    layers, known = make_layers(), fingerprint(make_layers())
    assert fingerprint(dict(reversed(layers.items()))) == known
    assert fingerprint(layers | dict(a=layers["a"].t().contiguous().t())) == known
    for change in (
        dict(b=-layers["b"]),
        dict(a=layers["a"].reshape(4, 3)),
        dict(c=layers["b"]),
        dict(a=layers["b"], b=layers["a"]),
    ):
        assert fingerprint(layers | change) != known
    assert fingerprint({k: v for k, v in layers.items() if k != "b"}) != known


def test_neither_type_nor_image_size_nor_prompts_matter():
    layers, known = make_layers(), fingerprint(make_layers())
    halved = {name: tensor.bfloat16() for name, tensor in layers.items()}
    doubled = {name: tensor.double() for name, tensor in layers.items()}
    assert fingerprint(halved) == fingerprint(doubled) == known
    other = dict(pos_embed=torch.ones(1, 9, 2), shared_prompts=torch.ones(2))
    assert fingerprint(layers | other) == known


def test_an_identity_goes_through_a_tensor():
    identity = dict(source="weights/größe 1.pth", layer_norm_eps=1e-6, num_heads=3)
    tensor = encode_identity(identity)
    assert tensor.dtype == torch.uint8
    assert decode_identity(tensor) == identity


@pytest.mark.parametrize(
    "tensor",
    [
        torch.ones(4),
        torch.zeros(0, dtype=torch.uint8),
        torch.tensor([[123, 125]], dtype=torch.uint8),
        torch.tensor(list(b"{'a': 1}"), dtype=torch.uint8),
        torch.tensor(list(b"[1]"), dtype=torch.uint8),
        torch.tensor([255, 255], dtype=torch.uint8),
        torch.tensor(list(b"[" * 100_000), dtype=torch.uint8),
    ],
)
def test_a_damaged_identity_is_refused(tensor):
    with pytest.raises(ValueError, match="identity is damaged"):
        decode_identity(tensor)


def test_what_was_trained_is_kept():
    names = "backbone.a", "backbone.ln1.weight", "backbone.shared_prompts", "head.w"
    light = leave_out_backbone({name: torch.ones(1) for name in names}, dict(a=1))
    kept = {"backbone.shared_prompts", "head.w", "backbone.identity"}
    assert light.keys() == kept


def test_other_positions_are_told_where_both_are_known():
    one = dict(source="one", fingerprint="a" * 64, positions="b" * 64)
    assert compare_backbones(one, dict(one, source="two")) is None
    for unknown in (
        dict(one, positions=None),
        dict(source="one", fingerprint="a" * 64),
    ):
        assert compare_backbones(one, unknown) is None
        assert compare_backbones(unknown, one) is None
    for other in ("c" * 64, ["c"]):
        misfit = compare_backbones(dict(one, positions=other), one)
        assert "with other position embeddings: set" in misfit


def test_other_backbones_are_named():
    one = dict(architecture="ViT-B/16", source="timm:one", fingerprint="a" * 64)
    two = dict(architecture="ViT-B/16", source="my\n.pth", fingerprint="b" * 64)
    assert compare_backbones(one, dict(two, fingerprint="a" * 64)) is None
    misfit = compare_backbones(one, two)
    assert "trained on the ViT-B/16 of 'timm:one' (fingerprint aaaaaaaaaaaa)" in misfit
    assert r"config has the ViT-B/16 of 'my\n.pth' (fingerprint bbbbbb" in misfit


def test_an_identity_that_repeats_one_byte_is_damaged():
    with pytest.raises(ValueError, match="identity is damaged"):
        decode_identity(torch.ones(1, dtype=torch.uint8).expand(2**50))
