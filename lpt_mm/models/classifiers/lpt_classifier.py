"""The classifier of both LPT phases."""

import torch
from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from lpt_mm.datasets.dual_sampler_dataset import CLASS_BALANCED, INSTANCE_BALANCED
from lpt_mm.models.classifiers.non_finite_loss import require_finite_loss
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.plain_tensors import require_names


@MODELS.register_module()
class LPTClassifier(ImageClassifier):
    """Long-tailed Prompt Tuning: query, match, re-forward; loss of a dual batch.

    Without a neck this is phase 1; with a ``GroupPromptNeck`` it is phase 2. A plain
    batch is trained on as in any classifier. A dual batch, whose samples are tagged
    with their sampling, is split: its loss is that of the class-balanced half plus
    ``beta`` times that of the instance-balanced half. Source: Long-tailed Prompt
    Tuning, section 4, https://arxiv.org/abs/2210.01033.

    Args:
        backbone: A ``PromptedViT``, or its config.
        neck: Config of a ``GroupPromptNeck``, whose ``embed_dims`` and ``num_layers``
            are taken from the backbone; None for phase 1.
        head: Config of the head, whose ``in_channels`` is taken from the backbone.
        data_preprocessor: Config of the data preprocessor, by default
            ``ClsDataPreprocessor``.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | None = None,
        head: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        if not isinstance(backbone, nn.Module):
            if backbone.get("tunings") and head is not None:
                backbone = dict(backbone, num_classes=head["num_classes"])
            backbone = MODELS.build(backbone)
        width = backbone.embed_dims
        out_type = getattr(backbone, "out_type", "cls_token")
        if out_type in ("featmap", "raw") and (neck or head) is not None:
            raise UserError(
                "LPTClassifier classifies one feature an image: backbone.out_type must "
                f"be 'cls_token' or 'avg_featmap', got {out_type!r}"
            )
        if neck is not None:
            neck = dict(neck, embed_dims=width, num_layers=backbone.num_layers)
        if head is not None:
            head = dict(head, in_channels=width)
        super().__init__(
            backbone, neck, head, data_preprocessor=data_preprocessor, init_cfg=init_cfg
        )
        self.register_load_state_dict_pre_hook(_require_names)
        self.beta = 1.0
        # Each process counts its own matches: no broadcast may overwrite them.
        self._ddp_params_and_buffers_to_ignore = ["neck.co_choice"]

    def extract_feat(
        self, inputs: Tensor, stage: str = "neck"
    ) -> tuple[Tensor, ...] | Tensor:
        """Extract features of images (B, 3, H, W): a tuple, the last one (B, D).

        The stage is ``'backbone'`` for those with shared prompts alone, ``'neck'`` for
        those that are classified, ``'pre_logits'`` for the last of these alone.
        """
        if stage == "backbone" or not self.with_neck:
            return super().extract_feat(inputs, stage)
        feats, _ = self._encode(inputs)
        return self.head.pre_logits(feats) if stage == "pre_logits" else feats

    def _encode(self, inputs: Tensor) -> tuple[tuple[Tensor, ...], Tensor | None]:
        """Compute the features to classify, and the similarities (B, k) to the keys."""
        if not self.with_neck:
            return self.backbone(inputs), None
        backbone, shared = self.backbone, self.neck.num_shared_layers
        tokens, grid = backbone.embed(inputs)
        # Queries have no group prompts, so both passes share what comes before them.
        tokens = backbone.encode(tokens, 0, shared)
        return self.reforward(tokens, grid, self.query_from(tokens, grid))

    def reforward(
        self, tokens: Tensor, grid: tuple[int, int], query: Tensor
    ) -> tuple[tuple[Tensor], Tensor]:
        """Match queries, and run the layers from K on with the groups' prompts.

        Args:
            tokens: (B, N, D) input of layer K.
            grid: The patch grid, from ``PromptedViT.embed``.
            query: (B, D) as :meth:`query_from` computes it.

        Returns:
            The features (B, D) to classify, and the similarities (B, k) to the keys.
        """
        group_prompts, similarity = self.neck(query)
        shared = self.neck.num_shared_layers
        return (self.backbone.finish(tokens, shared, grid, group_prompts),), similarity

    @torch.no_grad()
    def query_from(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """Compute what the neck matches with its keys, of the shared prompts alone.

        Hooks are not run: a layer is heard once, in the pass that is classified.

        Args:
            tokens: (B, N, D) input of layer K.
            grid: The patch grid, from ``PromptedViT.embed``.

        Returns:
            (B, D) features.
        """
        backbone, shared = self.backbone, self.neck.num_shared_layers
        if self.neck.query == "layer_k":
            return backbone.readout(tokens, grid, shared - 1)
        with backbone.unheard():
            return backbone.finish(tokens, shared, grid)

    def query(self, inputs: Tensor) -> Tensor:
        """Compute the features (B, D) that the neck matches with its keys."""
        tokens, grid = self.backbone.embed(inputs)
        tokens = self.backbone.encode(tokens, 0, self.neck.num_shared_layers)
        return self.query_from(tokens, grid)

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute the losses by name, to be summed, of images (B, 3, H, W).

        They are ``loss_cls``, or ``loss_class_balanced`` and ``loss_instance_balanced``
        of a dual batch, with a neck ``loss_key``, and ``loss_separation`` where it has
        a ``key_separation``.
        """
        feats, similarity = self._encode(inputs)
        losses: dict[str, Tensor] = {}
        key_losses = []
        for sampling, index in _split_by_sampling(data_samples).items():
            weight = self.beta if sampling == INSTANCE_BALANCED else 1.0
            samples = [data_samples[i] for i in index]
            part = self.head.loss(tuple(feat[index] for feat in feats), samples)
            losses[f"loss_{sampling or 'cls'}"] = weight * part["loss"]
            if similarity is not None:
                key_losses.append(weight * self.neck.loss(similarity[index]))
        if key_losses:
            losses["loss_key"] = sum(key_losses)
            if self.neck.key_separation:
                losses["loss_separation"] = self.neck.separation_loss()
        require_finite_loss(losses, feats[-1], data_samples, self)
        return losses


def _split_by_sampling(data_samples: list[DataSample]) -> dict[str | None, list[int]]:
    """Group the positions of the samples by their tag; None stands for no tag."""
    split: dict[str | None, list[int]] = {}
    for i, sample in enumerate(data_samples):
        split.setdefault(sample.get("sampling"), []).append(i)
    unknown = set(split) - {None, CLASS_BALANCED, INSTANCE_BALANCED}
    assert not unknown, f"unknown sampling tags {unknown}"
    return split


def _require_names(
    module: LPTClassifier, state_dict: dict[str, Tensor], *_: object
) -> None:
    """Refuse names that mmengine, which prints those it has no use for, should not."""
    require_names(state_dict, "the checkpoint")
