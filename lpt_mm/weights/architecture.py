"""What the tensors of a vision transformer tell about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

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
DEFAULTS = dict(
    in_channels=3,
    qkv_bias=True,
    pre_norm=False,
    layer_scale_init_value=0.0,
    layer_cfgs={},
)
PATCHES = "patch_embed.projection.weight"
MOST_PARTS = 100  # of one layer; a ViT has 12 to 15
# Every vision transformer has these, in mmpretrain's names.
ESSENTIAL = {"cls_token", "pos_embed", PATCHES, "ln1.weight", "ln1.bias"}


@dataclass(frozen=True)
class ViTArchitecture:
    """The architecture of a vision transformer, as far as its tensors show it.

    The names are those of mmpretrain's arguments; ``pre_norm`` is CLIP's norm before
    the first layer, ``layer_scale`` and ``swiglu`` (a gated MLP) are DINOv2's.
    """

    embed_dims: int
    num_layers: int
    feedforward_channels: int
    patch_size: tuple[int, int]
    in_channels: int
    qkv_bias: bool
    pre_norm: bool
    layer_scale: bool
    swiglu: bool

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> "ViTArchitecture | None":
        """Read it off tensors in mmpretrain's names; None if they are no whole one."""
        layers = _layers(tensors)
        if not layers or find_missing(tensors) or tensors[PATCHES].ndim != 4:
            return None
        patches = tensors[PATCHES]
        swiglu = "ffn.w3.weight" in layers[0]
        last = f"layers.0.ffn.{'w3' if swiglu else 'layers.1'}.weight"
        if last not in tensors or tensors[last].ndim != 2:
            return None
        hidden = tensors[last].shape[1]
        return cls(
            embed_dims=patches.shape[0],
            num_layers=len(layers),
            feedforward_channels=hidden * 3 // 2 if swiglu else hidden,
            patch_size=tuple(patches.shape[2:]),
            in_channels=patches.shape[1],
            qkv_bias="attn.qkv.bias" in layers[0],
            pre_norm="pre_norm.weight" in tensors,
            layer_scale="attn.gamma1.weight" in layers[0],
            swiglu=swiglu,
        )

    def __str__(self) -> str:
        """Name it as the papers do."""
        height, width = self.patch_size
        patch = str(height) if height == width else f"{height}x{width}"
        name = f"ViT ({self.embed_dims} wide, {self.num_layers} layers, patch {patch})"
        if self._known():
            name = f"ViT-{self._known()[1]}/{patch}"
        extras = (
            ("pre-norm (CLIP)", self.pre_norm),
            ("layer scale (DINOv2)", self.layer_scale),
            ("SwiGLU", self.swiglu),
            ("no bias of queries, keys and values", not self.qkv_bias),
            (f"{self.in_channels} image channel(s)", self.in_channels != 3),
        )
        present = ", ".join(extra for extra, there in extras if there)
        return f"{name} with {present}" if present else name

    def settings(self, unlike: "ViTArchitecture | None" = None) -> dict[str, object]:
        """Give the arguments that make a ``PromptedViT`` of this architecture.

        Args:
            unlike: The architecture that it has without them; by default that of
                ``VisionTransformer``'s default values.

        Returns:
            The arguments by name. The number of heads is in no tensor, so it is ``'?'``
            if mmpretrain has no name for the sizes.
        """
        without = DEFAULTS if unlike is None else unlike._settings()
        return {k: v for k, v in self._settings().items() if without.get(k) != v}

    def _settings(self) -> dict[str, object]:
        sizes = dict(
            embed_dims=self.embed_dims,
            num_layers=self.num_layers,
            num_heads="?",
            feedforward_channels=self.feedforward_channels,
        )
        height, width = self.patch_size
        return dict(
            arch=self._known()[0] if self._known() else sizes,
            patch_size=height if height == width else self.patch_size,
            in_channels=self.in_channels,
            qkv_bias=self.qkv_bias,
            pre_norm=self.pre_norm,
            layer_scale_init_value=1e-5 if self.layer_scale else 0.0,
            layer_cfgs=dict(ffn_type="swiglu_fused") if self.swiglu else {},
        )

    def _known(self) -> tuple[str, str] | None:
        return ARCHS.get((self.embed_dims, self.num_layers, self.feedforward_channels))


def find_missing(tensors: Mapping[str, Tensor]) -> set[str]:
    """Find the names that other layers, or all vision transformers, have.

    Args:
        tensors: Tensors in mmpretrain's names.

    Returns:
        The names that are missing, whichever transformer this is.
    """
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
