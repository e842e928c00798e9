"""A vision transformer with one prompt per layer."""

import torch
from mmengine.model import initialize
from mmengine.model.weight_init import trunc_normal_
from mmpretrain.models.backbones import VisionTransformer
from mmpretrain.models.backbones.vision_transformer import TransformerEncoderLayer
from mmpretrain.models.utils import resize_pos_embed
from mmpretrain.registry import MODELS, WEIGHT_INITIALIZERS
from torch import Tensor, nn
from torch.nn import functional as F

from lpt_mm.weights.pretrained_vit import PretrainedViT

PROMPT_MODES = ("deep", "shallow", "none")


@MODELS.register_module()
class PromptedViT(VisionTransformer):
    """mmpretrain's ``VisionTransformer`` with shared prompts, frozen but for them.

    A prompt token of a layer is thrown away after that layer, so it needs neither a
    query nor an MLP: it only contributes a key and a value. This equals concatenating
    the prompts, running the layer and cutting them off, and is cheaper. Source: Visual
    Prompt Tuning, https://arxiv.org/abs/2203.12119; Long-tailed Prompt Tuning, section
    4.2, https://arxiv.org/abs/2210.01033.

    Args:
        *args: Positional arguments of ``VisionTransformer``.
        prompt_length: Prompt tokens per layer, P.
        prompt_mode: ``'deep'``: every layer has its own prompt; ``'shallow'``: one
            prompt joins the input of the first layer and runs through all of them;
            ``'none'``: the plain transformer.
        frozen: Whether all but the prompts is frozen, and kept in evaluation mode.
        frozen_prompts: Whether the shared prompts are frozen too, as in phase 2.
        **kwargs: Keyword arguments of ``VisionTransformer``.

    Raises:
        ValueError: If ``prompt_mode`` is unknown or ``prompt_length`` not positive.
        TypeError: If ``VisionTransformer`` does not know an argument.
    """

    def __init__(
        self,
        *args: object,
        prompt_length: int = 10,
        prompt_mode: str = "deep",
        frozen: bool = True,
        frozen_prompts: bool = False,
        **kwargs: object,
    ) -> None:
        if prompt_mode not in PROMPT_MODES:
            raise ValueError(
                f"prompt_mode must be one of {PROMPT_MODES}, got {prompt_mode!r}"
            )
        if prompt_length < 1:
            raise ValueError(
                f"prompt_length must be at least 1, got {prompt_length}; "
                "for no prompts set prompt_mode='none'"
            )
        try:
            super().__init__(*args, **kwargs)
        except TypeError as error:  # name the component that has the wrong argument
            raise TypeError(f"PromptedViT: {error}") from error
        self.prompt_mode = prompt_mode
        self.frozen = frozen
        if frozen:
            self.requires_grad_(False)
        if prompt_mode != "none":
            num_prompts = self.num_layers if prompt_mode == "deep" else 1
            self.shared_prompts = nn.Parameter(
                torch.empty(num_prompts, prompt_length, self.embed_dims),
                requires_grad=not frozen_prompts,
            )
            trunc_normal_(self.shared_prompts, std=0.02)

    @property
    def numerics(self) -> dict[str, object]:
        """What the features depend on, but no weight shows.

        Returns:
            ``num_heads``, ``layer_norm_eps`` and ``activation`` (name of the class).
        """
        layer = self.layers[0]
        plain = hasattr(layer.ffn, "layers")  # a SwiGLU has none
        return dict(
            num_heads=layer.attn.num_heads,
            layer_norm_eps=layer.ln1.eps,
            activation=type(layer.ffn.layers[0][1]).__name__ if plain else "SiLU",
        )

    def check_init(self) -> None:
        """Refuse pre-trained weights that do not fit, without loading them.

        Raises:
            WeightFileError: If they do not fit or cannot be read.
        """
        if _is_pretrained_vit(self.init_cfg):
            WEIGHT_INITIALIZERS.build(self.init_cfg).check(self)

    def init_weights(self) -> None:
        """Initialise the transformer; the prompts are initialised when built.

        Pre-trained weights replace the random ones: mmengine would draw those after
        having loaded, unless the initialiser is its own ``Pretrained``.
        """
        if not _is_pretrained_vit(self.init_cfg):
            super().init_weights()
            return
        initialize(self, self.init_cfg)
        self._is_init = True

    def train(self, mode: bool = True) -> "PromptedViT":
        """Set the training mode; a frozen transformer stays in evaluation mode.

        Args:
            mode: Whether to train.

        Returns:
            The module itself.
        """
        super().train(mode)
        if self.frozen:
            for child in self.children():
                child.train(False)
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the features of ``out_indices``.

        Args:
            x: (B, 3, H, W) images.

        Returns:
            One feature per output layer; (B, D) each for ``out_type='cls_token'``.
        """
        tokens, patch_resolution = self.embed(x)
        outs = []
        for i in range(self.num_layers):
            tokens = self.encode(tokens, i, i + 1)
            if i in self.out_indices:
                outs.append(self.readout(tokens, patch_resolution, i))
        return tuple(outs)

    def embed(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Turn images into the input tokens of the first layer.

        Args:
            x: (B, 3, H, W) images.

        Returns:
            The tokens (B, N, D), class token first, and the patch grid (rows, columns).
        """
        patches, patch_resolution = self.patch_embed(x)
        tokens = patches
        if self.cls_token is not None:
            tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), patches], dim=1)
        tokens = tokens + resize_pos_embed(
            self.pos_embed,
            self.patch_resolution,
            patch_resolution,
            mode=self.interpolate_mode,
            num_extra_tokens=self.num_extra_tokens,
        )
        tokens = self.pre_norm(self.drop_after_pos(tokens))
        if self.prompt_mode == "shallow":
            prompts = self.shared_prompts.expand(len(x), -1, -1)
            tokens = torch.cat([tokens, prompts], dim=1)  # (B, N + P, D)
        return tokens, patch_resolution

    def encode(
        self,
        tokens: Tensor,
        start: int,
        stop: int,
        group_prompts: Tensor | None = None,
    ) -> Tensor:
        """Run layers ``start`` to ``stop - 1`` with their shared prompts.

        Args:
            tokens: (B, N, D) input of layer ``start``.
            start: Index of the first layer to run.
            stop: Index after the last layer to run.
            group_prompts: (B, stop - start, P, D) further prompts of these layers,
                chosen per image.

        Returns:
            (B, N, D) output of layer ``stop - 1``.
        """
        for i in range(start, stop):
            prompts = []
            if self.prompt_mode == "deep":
                prompts.append(self.shared_prompts[i][None])  # (1, P, D)
            if group_prompts is not None:
                prompts.append(group_prompts[:, i - start])  # (B, P, D)
            tokens = _run_layer(self.layers[i], tokens, prompts)
        return tokens

    def readout(
        self,
        tokens: Tensor,
        patch_resolution: tuple[int, int],
        layer: int | None = None,
    ) -> Tensor:
        """Turn the output tokens of a layer into the feature named by ``out_type``.

        Args:
            tokens: (B, N, D) output of the layer.
            patch_resolution: The patch grid as returned by :meth:`embed`.
            layer: Index of the layer, the last one by default; only the last one is
                followed by the final norm.

        Returns:
            (B, D) for ``out_type='cls_token'``.
        """
        if self.prompt_mode == "shallow":
            tokens = tokens[:, : -self.shared_prompts.shape[1]]
        if self.final_norm and layer in (None, self.num_layers - 1):
            tokens = self.ln1(tokens)
        return self._format_output(tokens, patch_resolution)


def _is_pretrained_vit(init_cfg: dict | list | None) -> bool:
    if not isinstance(init_cfg, dict):
        return False
    kind = init_cfg["type"]
    if isinstance(kind, str):
        kind = WEIGHT_INITIALIZERS.get(kind)
    return kind is PretrainedViT


def _run_layer(
    layer: TransformerEncoderLayer, tokens: Tensor, prompts: list[Tensor]
) -> Tensor:
    """Run one pre-norm layer on (B, N, D) tokens that also attend to the prompts.

    Each prompt is (B, P, D), or (1, P, D) where it is the same for all images.
    """
    if not prompts:
        return layer(tokens)
    attn, batch = layer.attn, len(tokens)
    weight, bias = attn.qkv.weight, attn.qkv.bias
    dims = attn.embed_dims
    query, key_value = attn.qkv(layer.ln1(tokens)).split([dims, 2 * dims], dim=-1)
    prompt_bias = None if bias is None else bias[dims:]
    prompt_key_values = [
        F.linear(layer.ln1(prompt), weight[dims:], prompt_bias).expand(batch, -1, -1)
        for prompt in prompts
    ]
    # (B, N + all P, 2, heads, D / heads) -> two of (B, heads, N + all P, D / heads)
    key, value = (
        torch.cat([key_value, *prompt_key_values], dim=1)
        .unflatten(-1, (2, attn.num_heads, attn.head_dims))
        .permute(2, 0, 3, 1, 4)
    )
    query = query.unflatten(-1, (attn.num_heads, attn.head_dims)).transpose(1, 2)
    dropout = attn.attn_drop if attn.training else 0.0
    out = F.scaled_dot_product_attention(query, key, value, dropout_p=dropout)
    out = attn.proj_drop(attn.proj(out.transpose(1, 2).flatten(2)))
    tokens = tokens + attn.out_drop(attn.gamma1(out))
    return layer.ffn(layer.ln2(tokens), identity=tokens)
