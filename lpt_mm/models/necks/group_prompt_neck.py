"""A pool of group-specific prompts, chosen per image by key matching."""

from functools import partial
from math import inf

import torch
from mmengine.model import BaseModule
from mmengine.model.weight_init import trunc_normal_
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from lpt_mm.models.centering import Centered
from lpt_mm.models.loading import note_when_loaded
from lpt_mm.models.necks.choice import (
    Choice,
    choose_residual,
    choose_soft,
    choose_topk,
)
from lpt_mm.models.numerics import unit
from lpt_mm.models.prompt_init import require_prompts, start_prompts
from lpt_mm.utils.errors import UserError, require_choice

MATCHING = dict(topk=choose_topk, residual=choose_residual, soft=choose_soft)


@MODELS.register_module()
class GroupPromptNeck(Centered, BaseModule):
    """Keys and prompts of M groups: match a query, mix the prompts of its groups.

    Source: Long-tailed Prompt Tuning, section 4.3, https://arxiv.org/abs/2210.01033.
    The key loss is ``-loss_weight * s`` with s the mean over images of the sum over
    their k groups of cos(query, key), as in the authors' code; the paper's constant is
    ``loss_weight=1, similarity_reduction='mean'``.

    The buffer ``co_choice`` (M, M), there from the first step on, sums the products of
    the shares of two groups over the images of training, since ``MatchingHook`` last
    read it. ``keys_set`` tells whether the keys are where they are to start, or a state
    brought them, and ``prompts_set`` the same of the prompts.

    Args:
        embed_dims: Width of the transformer, D.
        num_layers: Layers of the transformer, L.
        pool_size: Number of groups, M.
        topk: Groups chosen per image, k.
        prompt_length: Tokens of a group prompt in each layer, P.
        num_shared_layers: The first layers, which have no group prompts, K.
        loss_weight: Weight of the key loss.
        similarity_reduction: How the similarities of an image's k groups are joined in
            the key loss, ``'sum'`` or ``'mean'``.
        query: What is matched: the class token of a whole forward pass with the shared
            prompts alone (``'final_layer'``, the method), or that at the input of layer
            K (``'layer_k'``), which saves this second pass.
        key_init: Where keys start, ``'random'`` or ``'kmeans'``: ``KeyInitHook`` then
            sets them to the cluster centres of the training images' queries.
        prompt_init: Where prompts start, ``'normal'`` (small random numbers) or
            ``'tokens'``: ``GroupPromptInitHook`` then sets them to tokens of the
            training images.
        center: Whether to take the mean query of the training images, which
            ``HeadInitHook`` finds, off all queries.
        matching: How groups are chosen: the k most similar to the query (``'topk'``,
            the method), each further one by what the ones before have left of the query
            (``'residual'``), or all of them, by degrees (``'soft'``); see
            ``choice.py``.
        temperature: What cosines are divided by in the softmax of soft matching.
        choice_noise: Scale of Gumbel noise on the similarities in training, in its
            first epoch; ``ChoiceNoiseHook`` lowers it.
        key_separation: Weight of the mean squared cosine of two keys, another loss.
        frozen_keys: Whether keys stay where they start; the key loss then trains
            nothing.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(
        self,
        embed_dims: int,
        num_layers: int,
        pool_size: int = 20,
        topk: int = 2,
        prompt_length: int = 10,
        num_shared_layers: int = 6,
        loss_weight: float = 0.5,
        similarity_reduction: str = "sum",
        query: str = "final_layer",
        key_init: str = "random",
        prompt_init: str = "normal",
        center: bool = False,
        matching: str = "topk",
        temperature: float = 0.1,
        choice_noise: float = 0.0,
        key_separation: float = 0.0,
        frozen_keys: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        require_choice("similarity_reduction", similarity_reduction, ("sum", "mean"))
        require_choice("query", query, ("final_layer", "layer_k"))
        require_choice("key_init", key_init, ("random", "kmeans"))
        require_choice("prompt_init", prompt_init, ("normal", "tokens"))
        require_choice("matching", matching, tuple(MATCHING))
        _check_sizes(num_layers, pool_size, topk, prompt_length, num_shared_layers)
        _check_scales(temperature, choice_noise, key_separation)
        if query == "layer_k" and num_shared_layers == 0:
            raise UserError(
                "query='layer_k' needs num_shared_layers of 1 or more: at the input of "
                "layer 0 the class token of all images is the same"
            )
        if matching == "residual" and topk > embed_dims:
            raise UserError(
                f"matching='residual' leaves nothing of a query of {embed_dims} "
                f"numbers for topk={topk} groups: set topk to {embed_dims} at most"
            )
        if key_separation and (frozen_keys or pool_size == 1):
            raise UserError(
                "key_separation moves keys away from each other, and needs "
                "frozen_keys=False and a pool_size of 2 or more"
            )
        self.query = query
        self.key_init = key_init
        self.keys_set = key_init == "random"
        self.prompts_set = prompt_init == "normal"
        self.topk = topk
        self.num_shared_layers = num_shared_layers
        self.loss_weight = loss_weight
        self.similarity_reduction = similarity_reduction
        self.matching = matching
        self.temperature = temperature
        self.choice_noise = choice_noise
        self.noise_scale = None if choice_noise else 0.0  # of this epoch
        self.key_separation = key_separation
        num_group_layers = num_layers - num_shared_layers
        self.prompt_keys = nn.Parameter(
            torch.empty(pool_size, embed_dims), requires_grad=not frozen_keys
        )
        self.group_prompts = nn.Parameter(
            torch.empty(pool_size, num_group_layers, prompt_length, embed_dims)
        )
        trunc_normal_(self.prompt_keys, std=0.02)
        start_prompts(self.group_prompts, prompt_init)
        # Who only predicts needs no room for it.
        self.register_buffer("co_choice", None, persistent=False)
        self.init_center(center, embed_dims)
        note_when_loaded(self, "keys_set", "prompt_keys")
        note_when_loaded(self, "prompts_set", "group_prompts")

    def match(self, query: Tensor) -> tuple[Tensor, Tensor]:
        """Find the k groups of queries (B, D): similarities and indices (B, k)."""
        choice = self.choose(query)
        return choice.similarity, choice.groups

    def choose(self, query: Tensor, noise: Tensor | None = None) -> Choice:
        """Choose the groups of queries (B, D), by similarities with noise (B, M)."""
        choose = MATCHING[self.matching]
        if self.matching == "soft":
            choose = partial(choose, temperature=self.temperature)
        # Under mixed precision the similarities stay in float32.
        with torch.autocast(query.device.type, enabled=False):
            keys = unit(self.prompt_keys, dim=1)
            return choose(unit(self.centered(query), dim=1), keys, self.topk, noise)

    def forward(self, query: Tensor) -> tuple[Tensor, Tensor]:
        """Match queries (B, D), and mix the prompts of their groups by their shares.

        Gives the prompts (B, L - K, P, D) and the similarities (B, k).
        """
        if self.training and not self.keys_set:
            raise UserError(
                f"key_init={self.key_init!r}, but nothing has set the keys: add "
                "dict(type='KeyInitHook') to custom_hooks or set key_init='random'"
            )
        require_prompts(self, "GroupPromptInitHook")
        choice = self.choose(query, self._draw_noise(query) if self.training else None)
        if self.training:
            self._count(choice.share.detach())
        # A product instead of a gather: its backward is a product too, not a scatter.
        share = choice.share.to(self.group_prompts.dtype)  # (B, M)
        mixed = share @ self.group_prompts.flatten(1)
        mixed = mixed.unflatten(1, self.group_prompts.shape[1:])
        return mixed, choice.similarity

    def loss(self, similarity: Tensor) -> Tensor:
        """Compute the key loss (), which pulls the chosen keys to the queries."""
        joined = getattr(similarity, self.similarity_reduction)(dim=1)
        return -self.loss_weight * joined.mean()

    def separation_loss(self) -> Tensor:
        """Compute the loss () of keys that are alike: mean squared cosine of a pair."""
        with torch.autocast(self.prompt_keys.device.type, enabled=False):
            keys = unit(self.prompt_keys, dim=1)
            upper = torch.triu_indices(*[len(keys)] * 2, offset=1, device=keys.device)
            cosine = (keys @ keys.T)[upper[0], upper[1]]
        return self.key_separation * cosine.square().mean()

    def _draw_noise(self, query: Tensor) -> Tensor | None:
        """Draw Gumbel noise (B, M) of this epoch's scale."""
        if self.noise_scale is None:
            raise UserError(
                f"choice_noise={self.choice_noise}, but nothing lowers it: add "
                "dict(type='ChoiceNoiseHook') to custom_hooks or set choice_noise=0"
            )
        if self.noise_scale == 0:
            return None
        drawn = torch.empty(len(query), len(self.prompt_keys), device=query.device)
        return -self.noise_scale * drawn.exponential_().log()

    def _count(self, share: Tensor) -> None:
        """Add the shares (B, M) of a batch to what was chosen together."""
        with torch.autocast(share.device.type, enabled=False):
            of_batch = share.T @ share
        self.co_choice = (
            of_batch if self.co_choice is None else self.co_choice + of_batch
        )


def _check_sizes(
    num_layers: int, pool_size: int, topk: int, prompt_length: int, num_shared: int
) -> None:
    """Refuse sizes that do not go together."""
    if prompt_length < 1:
        raise UserError(f"prompt_length must be at least 1, got {prompt_length}")
    if not 1 <= topk <= pool_size:
        raise UserError(
            f"topk must be in 1 ... pool_size, got topk={topk}, pool_size={pool_size}"
        )
    if not 0 <= num_shared < num_layers:
        raise UserError(
            f"num_shared_layers must be in 0 ... {num_layers - 1} for a "
            f"transformer of {num_layers} layers, got {num_shared}"
        )


def _check_scales(
    temperature: float, choice_noise: float, key_separation: float
) -> None:
    """Refuse numbers that are no scale and no weight."""
    if not 0 < temperature < inf:
        raise UserError(f"temperature must be above 0, got {temperature}")
    weights = dict(choice_noise=choice_noise, key_separation=key_separation)
    for name, value in weights.items():
        if not 0 <= value < inf:
            raise UserError(f"{name} must be 0 or more, got {value}")
