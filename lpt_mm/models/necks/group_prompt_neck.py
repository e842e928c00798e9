"""A pool of group-specific prompts, chosen per image by key matching."""

import torch
from mmengine.model import BaseModule
from mmengine.model.weight_init import trunc_normal_
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from lpt_mm.models.centering import Centered
from lpt_mm.models.loading import note_when_loaded
from lpt_mm.models.numerics import unit
from lpt_mm.models.prompt_init import require_prompts, start_prompts
from lpt_mm.utils.errors import UserError, require_choice


@MODELS.register_module()
class GroupPromptNeck(Centered, BaseModule):
    """Keys and prompts of M groups: match a query, mix the prompts of its groups.

    Source: Long-tailed Prompt Tuning, section 4.3, https://arxiv.org/abs/2210.01033.
    The key loss is ``-loss_weight * s`` with s the mean over images of the sum over
    their k groups of cos(query, key), as in the authors' code; the paper's constant is
    ``loss_weight=1, similarity_reduction='mean'``.

    The buffer ``usage`` (M,) counts how often each group was chosen in training, since
    ``MatchingHook`` last read it. ``keys_set`` tells whether the keys are where they
    are to start, or a state brought them, and ``prompts_set`` the same of the prompts.

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
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        require_choice("similarity_reduction", similarity_reduction, ("sum", "mean"))
        require_choice("query", query, ("final_layer", "layer_k"))
        require_choice("key_init", key_init, ("random", "kmeans"))
        require_choice("prompt_init", prompt_init, ("normal", "tokens"))
        if prompt_length < 1:
            raise UserError(f"prompt_length must be at least 1, got {prompt_length}")
        if not 1 <= topk <= pool_size:
            raise UserError(
                f"topk must be in 1 ... pool_size, got topk={topk}, "
                f"pool_size={pool_size}"
            )
        if not 0 <= num_shared_layers < num_layers:
            raise UserError(
                f"num_shared_layers must be in 0 ... {num_layers - 1} for a "
                f"transformer of {num_layers} layers, got {num_shared_layers}"
            )
        if query == "layer_k" and num_shared_layers == 0:
            raise UserError(
                "query='layer_k' needs num_shared_layers of 1 or more: at the input of "
                "layer 0 the class token of all images is the same"
            )
        self.query = query
        self.key_init = key_init
        self.keys_set = key_init == "random"
        self.prompts_set = prompt_init == "normal"
        self.topk = topk
        self.num_shared_layers = num_shared_layers
        self.loss_weight = loss_weight
        self.similarity_reduction = similarity_reduction
        num_group_layers = num_layers - num_shared_layers
        self.prompt_keys = nn.Parameter(torch.empty(pool_size, embed_dims))
        self.group_prompts = nn.Parameter(
            torch.empty(pool_size, num_group_layers, prompt_length, embed_dims)
        )
        trunc_normal_(self.prompt_keys, std=0.02)
        start_prompts(self.group_prompts, prompt_init)
        usage = torch.zeros(pool_size, dtype=torch.int64)
        self.register_buffer("usage", usage, persistent=False)
        self.init_center(center, embed_dims)
        note_when_loaded(self, "keys_set", "prompt_keys")
        note_when_loaded(self, "prompts_set", "group_prompts")

    def match(self, query: Tensor) -> tuple[Tensor, Tensor]:
        """Find the k groups most similar to queries (B, D): cosines, indices (B, k)."""
        # Under mixed precision the similarities stay in float32.
        with torch.autocast(query.device.type, enabled=False):
            keys = unit(self.prompt_keys, dim=1)
            similarity = unit(self.centered(query), dim=1) @ keys.T  # (B, M)
        return tuple(similarity.topk(self.topk, dim=1))

    def forward(self, query: Tensor) -> tuple[Tensor, Tensor]:
        """Match queries (B, D), and mix the prompts of their groups by the mean.

        Gives the prompts (B, L - K, P, D) and the similarities (B, k).
        """
        if self.training and not self.keys_set:
            raise UserError(
                f"key_init={self.key_init!r}, but nothing has set the keys: add "
                "dict(type='KeyInitHook') to custom_hooks or set key_init='random'"
            )
        require_prompts(self, "GroupPromptInitHook")
        similarity, groups = self.match(query)
        share = torch.zeros(
            query.shape[0],
            len(self.prompt_keys),
            dtype=query.dtype,
            device=query.device,
        ).scatter_(1, groups, 1 / self.topk)  # (B, M)
        if self.training:
            self.usage += (share > 0).sum(dim=0)
        # A product instead of a gather: its backward is a product too, not a scatter.
        mixed = share.to(self.group_prompts.dtype) @ self.group_prompts.flatten(1)
        return mixed.unflatten(1, self.group_prompts.shape[1:]), similarity

    def loss(self, similarity: Tensor) -> Tensor:
        """Compute the key loss (), which pulls the chosen keys to the queries."""
        joined = getattr(similarity, self.similarity_reduction)(dim=1)
        return -self.loss_weight * joined.mean()
