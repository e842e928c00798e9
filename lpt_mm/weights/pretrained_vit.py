"""Frozen layers from their source: into a model, or into a light checkpoint."""

import logging
from collections.abc import Mapping
from dataclasses import replace

import torch
from mmengine.logging import print_log
from mmpretrain.registry import WEIGHT_INITIALIZERS
from torch import Tensor, nn

from lpt_mm.utils.errors import UserError
from lpt_mm.weights import layouts
from lpt_mm.weights.architecture import ViTArchitecture, square_side
from lpt_mm.weights.checks import OFFICIAL
from lpt_mm.weights.comparison import (
    compare_settings,
    compare_tensors,
    find_non_finite,
)
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import (
    BACKBONE,
    IDENTITY,
    POSITIONS,
    compare_backbones,
    describe_backbone,
    digest_positions,
    identify,
    is_tuned,
)
from lpt_mm.weights.sources import PACKAGED, read_weights
from lpt_mm.weights.weights import Weights

EPS = "layer_norm_eps"


@WEIGHT_INITIALIZERS.register_module()
class PretrainedViT:
    """Load a frozen vision transformer, all of it or nothing.

    Position embeddings are resized to the image size as timm does (bicubic, with
    antialiasing). Classifiers are left out; shared prompts are loaded if there are any.

    Args:
        checkpoint: ``'timm:<model name>'`` for a model of timm, which fetches it;
            ``'lpt_mm:<name>'`` for one that comes with this package; or a path or URL
            of a file of torch or safetensors with the names of timm, DINOv2 or
            mmpretrain, or of an ``.npz`` of Google's AugReg.
    """

    def __init__(
        self, checkpoint: str = "timm:vit_base_patch16_224.augreg_in21k"
    ) -> None:
        self.checkpoint = checkpoint
        self.positions: str | None = None

    def __call__(self, module: nn.Module) -> None:
        """Load them into a ``PromptedViT``, and note their position embeddings."""
        # The random initialisation of others would run after this one and undo it.
        if not hasattr(module, "hidden_settings"):
            raise UserError(
                f"PretrainedViT initialises a PromptedViT, got {type(module).__name__};"
                " for a plain one use PromptedViT(prompt_mode='none', frozen=False)"
            )
        weights, tensors = self._read(module)
        self.positions = digest_positions(tensors)
        tensors[POSITIONS] = _resize(tensors[POSITIONS], module, weights)
        module.load_state_dict(tensors, strict=False)
        own_eps = {EPS: module.hidden_settings[EPS]}
        if other := compare_settings(weights.hidden_settings, own_eps):
            text = f"{self.checkpoint}: {other}"
            print_log(text, logger="current", level=logging.WARNING)
        print_log(f"loaded the backbone from {self.checkpoint}", logger="current")

    def check(
        self, module: nn.Module, trained: Mapping[str, object] | None = None
    ) -> None:
        """Refuse weights that :meth:`__call__` would refuse, without loading them.

        ``module`` may lie on the device ``meta``. ``trained`` is the identity that the
        weights must have, if any; without it nothing of timm is downloaded.
        """
        _, tensors = self._read(module, fetch=trained is not None)
        if trained is not None:
            own = identify(tensors, self.checkpoint)
            if misfit := compare_backbones(trained, own):
                raise WeightFileError(f"the checkpoint {misfit}")

    def _read(
        self, module: nn.Module, fetch: bool = True
    ) -> tuple[Weights, dict[str, Tensor]]:
        weights = read_weights(self.checkpoint, fetch)
        tensors = fit_backbone(module, weights)
        if fault := find_non_finite(tensors):
            raise WeightFileError(f"{self.checkpoint} {fault}")
        return weights, tensors


def fit_backbone(module: nn.Module, weights: Weights) -> dict[str, Tensor]:
    """Name tensors as a ``PromptedViT`` does, and refuse them unless they fit.

    Position embeddings may still be of another image size.
    """
    if layouts.is_official(weights.tensors):
        raise WeightFileError(f"{weights.source} {OFFICIAL}")
    if weights.is_light:
        raise WeightFileError(
            f"{weights.source} is a light checkpoint, without its backbone: use that, "
            f"{describe_backbone(weights.identity)}"
        )
    own = module.state_dict()
    # The norm of an average of patches, which few sources have, is made as new.
    norm = {"ln2.weight": torch.ones, "ln2.bias": torch.zeros}
    norm = {k: new(own[k].shape, device="cpu") for k, new in norm.items() if k in own}
    tensors = norm | layouts.to_mmpretrain(weights.tensors)
    settings = {k: v for k, v in module.hidden_settings.items() if k != EPS}
    misfits = (
        compare_tensors(tensors, own, optional=set(filter(is_tuned, own))),
        compare_settings(weights.hidden_settings, settings),
    )
    if misfit := "; ".join(filter(None, misfits)):
        raise WeightFileError(f"{weights.source} does not fit the backbone: {misfit}")
    return tensors


def _resize(positions: Tensor, module: nn.Module, weights: Weights) -> Tensor:
    """Resize position embeddings of a square of patches to the module's grid."""
    side = square_side(positions)
    # In mmpretrain's names as many patches are taken for the same grid, square or not.
    is_ours = layouts.find_layout(weights) in (layouts.MMPRETRAIN, layouts.OWN)
    same = positions.shape == module.pos_embed.shape and (is_ours or side is None)
    if same or (side, side) == tuple(module.patch_resolution):
        return positions
    from timm.layers import resample_abs_pos_embed  # timm takes a second

    return resample_abs_pos_embed(
        positions, list(module.patch_resolution), num_prefix_tokens=1
    )


def restore_backbone(weights: Weights, source: str | None = None) -> Weights:
    """Put the frozen layers that a light checkpoint leaves out into it.

    They are read from ``source``, as of ``PretrainedViT``. What a file says is no
    reason to open or fetch anything: only a backbone of this package need not be named.
    Others than those that were trained on are refused; position embeddings are those of
    the source.
    """
    if not weights.is_light:
        return weights
    trained = weights.identity
    if not source:
        source = str(trained.get("source"))
        if not source.startswith(PACKAGED):
            raise WeightFileError(
                f"{weights.source} leaves out {describe_backbone(trained)}: if you "
                "trust that source, name it with --backbone"
            )
    backbone = layouts.to_mmpretrain(read_weights(source).tensors)
    backbone = {name: x for name, x in backbone.items() if not is_tuned(name)}
    if ViTArchitecture.of(backbone) is None:
        raise WeightFileError(f"'{source}' holds no whole vision transformer")
    own = identify(backbone, source)
    if compare_backbones(trained, own):
        raise WeightFileError(
            f"{weights.source} was trained on {describe_backbone(trained)}, and "
            f"{describe_backbone(own)} is another: name the former with --backbone"
        )
    tensors = weights.tensors | {f"{BACKBONE}{k}": v for k, v in backbone.items()}
    del tensors[BACKBONE + IDENTITY]
    return replace(weights, tensors=tensors, meta=weights.meta | dict(backbone=trained))
