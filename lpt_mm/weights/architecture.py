"""What the tensors of a vision transformer tell about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isqrt

from torch import Tensor

# mmpretrain's names of width, depth and MLP width, and the letters of the papers.
ARCHS = {
    (192, 12, 768): ("deit-tiny", "Ti"),
    (384, 12, 1536): ("deit-small", "S"),
    (768, 12, 3072): ("base", "B"),
    (1024, 24, 4096): ("large", "L"),
    (1280, 32, 5120): ("huge", "H"),
    (1536, 40, 6144): ("dinov2-giant", "g"),
}
SIZES = ("embed_dims", "num_layers", "feedforward_channels")
PATCHES = "patch_embed.projection.weight"
MOST_PARTS = 100  # of one layer; a ViT has 12 to 15
MOST_PATCHES = 10**6
# Every vision transformer has these, in mmpretrain's names.
ESSENTIAL = {"cls_token", "pos_embed", PATCHES, "ln1.weight", "ln1.bias"}


@dataclass(frozen=True)
class ViTArchitecture:
    """The architecture of a vision transformer, as far as its tensors show it.

    Names and default values are those of mmpretrain's arguments; ``pre_norm`` is CLIP's
    norm before the first layer, layer scale and SwiGLU (a gated MLP) are DINOv2's.
    """

    embed_dims: int
    num_layers: int
    feedforward_channels: int
    patch_size: int | tuple[int, int]
    in_channels: int = 3
    qkv_bias: bool = True
    pre_norm: bool = False
    layer_scale_init_value: float = 0.0
    layer_cfgs: dict = field(default_factory=dict)

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> "ViTArchitecture | None":
        """Read it off tensors in mmpretrain's names; None if they are no whole one."""
        layers = _layers(tensors)
        if not layers or find_missing(tensors):
            return None
        swiglu = "ffn.w3.weight" in layers[0]
        patches = tensors[PATCHES]
        last = tensors.get(f"layers.0.ffn.{'w3' if swiglu else 'layers.1'}.weight")
        if last is None or (patches.ndim, last.ndim) != (4, 2):
            return None
        if 0 in (*patches.shape, *last.shape):
            return None
        hidden = last.shape[1]
        embed_dims, in_channels, height, width = patches.shape
        return cls(
            embed_dims=embed_dims,
            num_layers=len(layers),
            feedforward_channels=hidden * 3 // 2 if swiglu else hidden,
            patch_size=height if height == width else (height, width),
            in_channels=in_channels,
            qkv_bias="attn.qkv.bias" in layers[0],
            pre_norm="pre_norm.weight" in tensors,
            layer_scale_init_value=1e-5 if "attn.gamma1.weight" in layers[0] else 0.0,
            layer_cfgs=dict(ffn_type="swiglu_fused") if swiglu else {},
        )

    def __str__(self) -> str:
        """Name it as the papers do."""
        patch = self.patch_size
        if isinstance(patch, tuple):
            patch = "x".join(map(str, patch))
        _, letter = self._names()
        name = f"ViT ({self.embed_dims} wide, {self.num_layers} layers, patch {patch})"
        if letter is not None:
            name = f"ViT-{letter}/{patch}"
        extras = {
            "pre-norm (CLIP)": self.pre_norm,
            "layer scale (DINOv2)": self.layer_scale_init_value,
            "SwiGLU": self.layer_cfgs,
            "no bias of queries, keys and values": not self.qkv_bias,
            f"{self.in_channels} image channel(s)": self.in_channels != 3,
        }
        present = ", ".join(extra for extra, there in extras.items() if there)
        return f"{name} with {present}" if present else name

    def settings(self, unlike: "ViTArchitecture | None" = None) -> dict[str, object]:
        """Give the arguments that make a ``PromptedViT`` of this architecture.

        Those of ``unlike`` are left out, by default those of ``VisionTransformer``. No
        tensor shows the number of heads: ``'?'`` if mmpretrain names no such sizes.
        """
        without = (unlike or ViTArchitecture(0, 0, 0, 0))._arguments()
        return {k: v for k, v in self._arguments().items() if v != without[k]}

    def _arguments(self) -> dict[str, object]:
        arguments = dict(vars(self))
        sizes = {name: arguments.pop(name) for name in SIZES}
        arch, _ = self._names()
        return dict(arch=arch or dict(sizes, num_heads="?"), **arguments)

    def _names(self) -> tuple[str | None, str | None]:
        """Give mmpretrain's name and the papers' letter, where they have one."""
        sizes = tuple(getattr(self, name) for name in SIZES)
        return ARCHS.get(sizes, (None, None))


def find_missing(tensors: Mapping[str, Tensor]) -> set[str]:
    """Find which names are missing that other layers, or all transformers, have."""
    layers = _layers(tensors)
    per_layer = set().union(*layers.values())
    # No more layers than tensors, whatever number a name may hold.
    num_layers = min(1 + max(layers, default=0), len(tensors))
    if len(per_layer) > MOST_PARTS:
        return ESSENTIAL - tensors.keys()
    wanted = {f"layers.{i}.{part}" for i in range(num_layers) for part in per_layer}
    return (ESSENTIAL | wanted) - tensors.keys()


def _layers(tensors: Mapping[str, Tensor]) -> dict[int, set[str]]:
    """Group the ends of the names by layer."""
    layers: dict[int, set[str]] = {}
    for name in tensors:
        if match := re.match(r"layers\.(\d{1,4})\.(.+)", name):
            layers.setdefault(int(match[1]), set()).add(match[2])
    return layers


def square_side(positions: Tensor) -> int | None:
    """Give the side of the square that position embeddings (1, 1 + side², D) are of."""
    patches = positions.shape[1] - 1
    side = isqrt(max(patches, 0))
    return side if 0 < patches < MOST_PATCHES and side**2 == patches else None
