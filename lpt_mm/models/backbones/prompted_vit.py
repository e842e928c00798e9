"""A frozen vision transformer with what is trained in its layers: prompts, tunings."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from mmpretrain.models.utils import resize_pos_embed
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from lpt_mm.models.backbones.compiled_layer import compile_layers
from lpt_mm.models.backbones.heard_layer import is_heard, run_heard_layer, silenced
from lpt_mm.models.backbones.prompted_layer import run_class_token, run_layer
from lpt_mm.models.backbones.sourced_vit import SourcedViT
from lpt_mm.models.loading import note_when_loaded
from lpt_mm.models.numerics import at_least_float32
from lpt_mm.models.prompt_init import require_prompts, start_prompts
from lpt_mm.models.tunings import Tuning, build_tunings
from lpt_mm.utils.errors import UserError, require_choice
from lpt_mm.weights.identity import SHARED_PROMPTS


@MODELS.register_module()
class PromptedViT(SourcedViT):
    """mmpretrain's ``VisionTransformer`` with prompts and tunings, frozen but for them.

    Prompts are keys and values only, and where the class token is all that is asked
    for, the last layer is run for it alone: see ``prompted_layer.py``. Source: Visual
    Prompt Tuning, https://arxiv.org/abs/2203.12119; Long-tailed Prompt Tuning, section
    4.2, https://arxiv.org/abs/2210.01033.

    Args:
        *args: Positional arguments of ``VisionTransformer``.
        prompt_length: Prompt tokens per layer, P.
        prompt_mode: ``'deep'``: every layer has its own prompt; ``'shallow'``: one
            prompt joins the input of the first layer and runs through all of them;
            ``'none'``: the plain transformer.
        prompt_init: Where prompts start: ``'normal'`` (small random numbers),
            ``'uniform'`` (VPT's larger ones), or ``'tokens'``: ``PromptInitHook`` then
            sets them to tokens of the training images.
        tunings: Configs of what else is trained in the layers, such as
            ``dict(type='AdaptFormer')``, by default nothing; ``bottleneck`` and
            ``layers`` of each are those of :func:`build_tunings`.
        num_classes: C, which the bottlenecks of tunings follow by default;
            ``LPTClassifier`` gives it.
        frozen: Whether all but prompts and tunings is frozen, and kept in evaluation
            mode.
        frozen_prompts: Whether shared prompts and tunings are frozen too, as in phase
            2.
        frozen_dtype: What the frozen layers are held in and computed in, ``'float32'``
            or ``'bfloat16'``; prompts, tunings, position embeddings, final norm and
            features stay in float32.
        with_cp: Whether to compute the hidden activations of the layers once more in
            the backward pass instead of keeping them: less memory, slower steps.
        compile: Whether to compile the layers, or keyword arguments of
            ``torch.compile``.
        **kwargs: Keyword arguments of ``VisionTransformer``.
    """

    def __init__(
        self,
        *args: object,
        prompt_length: int = 10,
        prompt_mode: str = "deep",
        prompt_init: str = "normal",
        tunings: Sequence[dict] = (),
        num_classes: int | None = None,
        frozen: bool = True,
        frozen_prompts: bool = False,
        frozen_dtype: str = "float32",
        with_cp: bool = False,
        compile: bool | dict = False,
        **kwargs: object,
    ) -> None:
        _check_settings(prompt_length, prompt_mode, frozen, frozen_dtype)
        try:
            super().__init__(*args, **kwargs)
        except TypeError as error:  # name the component that has the wrong argument
            raise TypeError(f"PromptedViT: {error}") from error
        self.prompt_mode = prompt_mode
        self.tunings: nn.ModuleList | None = None
        self.frozen = frozen
        self.frozen_prompts = frozen_prompts
        self.with_cp = with_cp
        if frozen:
            self.requires_grad_(False)
        if frozen_dtype == "bfloat16":
            self.patch_embed.bfloat16()
            self.layers.bfloat16()
        if prompt_mode != "none":
            num_prompts = self.num_layers if prompt_mode == "deep" else 1
            self.shared_prompts = nn.Parameter(
                torch.empty(num_prompts, prompt_length, self.embed_dims),
                requires_grad=not frozen_prompts,
            )
            patch_size = self.patch_embed.projection.kernel_size[0]
            start_prompts(self.shared_prompts, prompt_init, patch_size)
        require_choice("prompt_init", prompt_init, ("normal", "uniform", "tokens"))
        self.prompts_set = prompt_mode == "none" or prompt_init != "tokens"
        note_when_loaded(self, "prompts_set", SHARED_PROMPTS)
        if tunings:
            self.tunings = build_tunings(
                tunings, self.embed_dims, self.num_layers, num_classes
            ).requires_grad_(not frozen_prompts)
        functions: Sequence[Callable] = (run_layer, run_class_token)
        if compile:
            options = compile if isinstance(compile, dict) else {}
            functions = compile_layers(self.layers, **options)
        self._run_layer, self._run_class_token = functions
        self._heard = False

    def train(self, mode: bool = True) -> "PromptedViT":
        """Set the training mode; a frozen transformer stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            for child in self.children():
                child.train(False)
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the features of ``out_indices``; (B, D) each of class tokens."""
        tokens, patch_resolution = self.embed(x)
        outs, last = [], self.num_layers - 1
        for i in range(last):
            tokens = self.encode(tokens, i, i + 1)
            if i in self.out_indices:
                outs.append(self.readout(tokens, patch_resolution, i))
        if last in self.out_indices:
            outs.append(self.finish(tokens, last, patch_resolution))
        return tuple(outs)

    def embed(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Turn images (B, 3, H, W) into the input tokens of the first layer.

        Gives the tokens (B, N, D), class token first, and the patch grid (rows,
        columns).
        """
        require_prompts(self, "PromptInitHook")
        self._heard = is_heard(self)
        weight = self.patch_embed.projection.weight
        patches, patch_resolution = self.patch_embed(x.to(weight.dtype))
        tokens = patches
        if self.cls_token is not None:
            tokens = torch.cat(
                [self.cls_token.expand(x.shape[0], -1, -1), patches], dim=1
            )
        tokens = tokens + resize_pos_embed(
            self.pos_embed,
            self.patch_resolution,
            patch_resolution,
            mode=self.interpolate_mode,
            num_extra_tokens=self.num_extra_tokens,
        )
        tokens = self.pre_norm(self.drop_after_pos(tokens))
        if self.prompt_mode == "shallow":
            prompts = self.shared_prompts.expand(x.shape[0], -1, -1)
            tokens = torch.cat([tokens, prompts], dim=1)  # (B, N + P, D)
        return tokens.to(weight.dtype), patch_resolution

    def encode(
        self,
        tokens: Tensor,
        start: int,
        stop: int,
        group_prompts: Tensor | None = None,
    ) -> Tensor:
        """Run layers ``start`` to ``stop - 1`` on tokens (B, N, D) with their prompts.

        ``group_prompts`` (B, stop - start, P, D), chosen per image, join the shared
        ones.
        """
        for i in range(start, stop):
            layer, prompts = self.layers[i], self._prompts(i, start, group_prompts)
            tunings = self._tunings(i)
            if self._heard:
                tokens = run_heard_layer(layer, tokens, prompts, tunings)
            else:
                tokens = self._run_layer(layer, tokens, prompts, tunings, self.with_cp)
        return tokens

    def finish(
        self,
        tokens: Tensor,
        start: int,
        patch_resolution: tuple[int, int],
        group_prompts: Tensor | None = None,
    ) -> Tensor:
        """Run all layers from ``start`` on, as :meth:`encode`; read out the feature."""
        last = self.num_layers - 1
        if self.out_type != "cls_token" or self._heard:  # of all tokens
            tokens = self.encode(tokens, start, last + 1, group_prompts)
            return self.readout(tokens, patch_resolution)
        tokens = self.encode(tokens, start, last, group_prompts)
        prompts = self._prompts(last, start, group_prompts)
        class_token = self._run_class_token(
            self.layers[last], tokens, prompts, self._tunings(last)
        )
        return self.readout(class_token, patch_resolution)

    def _prompts(
        self, layer: int, start: int, group_prompts: Tensor | None
    ) -> list[Tensor]:
        """Gather the prompts of a layer: shared (1, P, D), of the groups (B, P, D)."""
        prompts = []
        if self.prompt_mode == "deep":
            prompts.append(self.shared_prompts[layer][None])
        if group_prompts is not None:
            prompts.append(group_prompts[:, layer - start])
        return prompts

    def _tunings(self, layer: int) -> tuple[Tuning, ...]:
        return tuple(self.tunings[layer].values()) if self.tunings else ()

    @contextmanager
    def unheard(self) -> Iterator[None]:
        """Run no hooks in the meantime."""
        if not self._heard:
            yield
            return
        with silenced(self):
            self._heard = False
            try:
                yield
            finally:
                self._heard = True

    def readout(
        self,
        tokens: Tensor,
        patch_resolution: tuple[int, int],
        layer: int | None = None,
    ) -> Tensor:
        """Turn a layer's output (B, N, D) into the feature named by ``out_type``.

        Only the last layer, the default, is followed by the final norm.
        """
        if self.prompt_mode == "shallow" and self.out_type != "cls_token":
            tokens = tokens[:, : -self.shared_prompts.shape[1]]
        tokens = at_least_float32(tokens)
        if self.final_norm and layer in (None, self.num_layers - 1):
            tokens = self.ln1(tokens)
        return self._format_output(tokens, patch_resolution)


def _check_settings(
    prompt_length: int, prompt_mode: str, frozen: bool, frozen_dtype: str
) -> None:
    require_choice("prompt_mode", prompt_mode, ("deep", "shallow", "none"))
    require_choice("frozen_dtype", frozen_dtype, ("float32", "bfloat16"))
    if prompt_length < 1:
        raise UserError(
            f"prompt_length must be at least 1, got {prompt_length}; "
            "for no prompts set prompt_mode='none'"
        )
    if not frozen and frozen_dtype != "float32":
        raise UserError(
            f"frozen_dtype={frozen_dtype!r} is for frozen=True; a transformer that is "
            "trained stays in float32, and --amp computes in bfloat16"
        )
