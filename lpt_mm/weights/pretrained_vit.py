"""Initialisation of a vision transformer from pre-trained weights."""

import logging
from collections.abc import Mapping

import torch
from mmengine.logging import print_log
from mmpretrain.registry import WEIGHT_INITIALIZERS
from torch import Tensor, nn

from lpt_mm.utils.text import list_some
from lpt_mm.weights.architecture import ViTArchitecture
from lpt_mm.weights.checks import (
    OFFICIAL,
    compare_backbones,
    describe_backbone,
    find_non_finite,
    fits_positions,
)
from lpt_mm.weights.description import describe
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import SHARED_PROMPTS, digest_positions, fingerprint
from lpt_mm.weights.layouts import is_official, to_mmpretrain
from lpt_mm.weights.sources import read_weights
from lpt_mm.weights.weights import Weights

# Of PromptedViT, but in no pre-trained transformer.
OWN_PARAMETERS = {SHARED_PROMPTS}


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
        """Load the weights, and note which position embeddings they have.

        Args:
            module: A ``PromptedViT``.

        Raises:
            TypeError: If it is another module, whose random initialisation would run
                after this one and undo it.
            WeightFileError: If the weights cannot be had, one of them is missing, left
                over or of another shape, or they were made for other settings.
        """
        if not hasattr(module, "numerics"):
            raise TypeError(
                f"PretrainedViT initialises a PromptedViT, got {type(module).__name__};"
                " for a plain one use PromptedViT(prompt_mode='none', frozen=False)"
            )
        weights = read_weights(self.checkpoint)
        tensors = fit_backbone(module, weights)
        self.positions = digest_positions(tensors)
        tensors["pos_embed"] = _resize(tensors["pos_embed"], module, weights)
        if fault := find_non_finite(tensors):
            raise WeightFileError(f"{self.checkpoint} {fault}")
        module.load_state_dict(tensors, strict=False)
        own_eps = module.numerics["layer_norm_eps"]
        eps = weights.numerics.get("layer_norm_eps", own_eps)
        if eps != own_eps:
            print_log(
                f"{self.checkpoint} was made with a LayerNorm eps of {eps}, "
                f"norm_cfg has {own_eps}",
                logger="current",
                level=logging.WARNING,
            )
        print_log(f"loaded the backbone from {self.checkpoint}", logger="current")

    def check(
        self, module: nn.Module, trained: Mapping[str, object] | None = None
    ) -> None:
        """Refuse weights that do not fit, without loading them.

        Args:
            module: A ``PromptedViT``, which may lie on the device ``meta``.
            trained: Identity that the weights must have, if any. Without it nothing is
                downloaded.

        Raises:
            WeightFileError: See :meth:`__call__`.
        """
        weights = read_weights(self.checkpoint, fetch=trained is not None)
        tensors = fit_backbone(module, weights)
        if trained is None:
            return
        own = dict(
            source=self.checkpoint,
            architecture=ViTArchitecture.of(tensors),
            fingerprint=fingerprint(tensors),
            positions=digest_positions(tensors),
        )
        if misfit := compare_backbones(trained, own):
            raise WeightFileError(f"the checkpoint {misfit}")


def fit_backbone(module: nn.Module, weights: Weights) -> dict[str, Tensor]:
    """Name tensors as a backbone does, and refuse them unless they fit.

    Args:
        module: A ``PromptedViT``.
        weights: The tensors, and what is known beside them.

    Returns:
        The backbone's tensors in mmpretrain's names; position embeddings may be of
        another image size.

    Raises:
        WeightFileError: See :class:`PretrainedViT`.
    """
    if is_official(weights.tensors):
        raise WeightFileError(f"{weights.source} {OFFICIAL}")
    if weights.is_light:
        raise WeightFileError(
            f"{weights.source} is a light checkpoint, without its backbone: use that, "
            f"{describe_backbone(weights.identity)}"
        )
    own = module.state_dict()
    tensors = _new_norm(own) | to_mmpretrain(weights.tensors)
    misfits = [
        _compare_architectures(tensors, own) or _compare_shapes(tensors, own),
        _compare_names(tensors, own),
        _compare_numerics(weights.numerics, module.numerics),
    ]
    if any(misfits):
        raise WeightFileError(
            f"{weights.source} does not fit the backbone: "
            f"{'; '.join(filter(None, misfits))}"
        )
    return tensors


def _new_norm(own: dict[str, Tensor]) -> dict[str, Tensor]:
    """Make the norm of an average of patches, which few sources have, as new."""
    values = {"ln2.weight": torch.ones, "ln2.bias": torch.zeros}
    return {
        name: new(own[name].shape, device="cpu")
        for name, new in values.items()
        if name in own
    }


def _compare_architectures(theirs: dict[str, Tensor], own: dict[str, Tensor]) -> str:
    file, config = ViTArchitecture.of(theirs), ViTArchitecture.of(own)
    if file is None or config is None or file == config:
        return ""
    changes = ", ".join(f"{k}={v!r}" for k, v in file.differences(config).items())
    return (
        f"it is a {file}, the config has a {config} "
        f"(to use it, set {changes} in model.backbone)"
    )


def _compare_shapes(theirs: dict[str, Tensor], own: dict[str, Tensor]) -> str:
    reshaped = {
        name
        for name in own.keys() & theirs.keys() - {"pos_embed"}
        if own[name].shape != theirs[name].shape or not theirs[name].is_floating_point()
    }
    positions = theirs.get("pos_embed")
    if positions is not None and not (
        fits_positions(positions.shape, own["pos_embed"].shape)
        and positions.is_floating_point()
    ):
        reshaped.add("pos_embed")
    return f"of another shape or type: {list_some(reshaped)}" if reshaped else ""


def _compare_names(theirs: dict[str, Tensor], own: dict[str, Tensor]) -> str:
    differences = (
        ("missing", own.keys() - theirs.keys() - OWN_PARAMETERS),
        ("left over", theirs.keys() - own.keys()),
    )
    parts = (f"{what}: {list_some(names)}" for what, names in differences if names)
    return "; ".join(parts)


def _compare_numerics(theirs: dict[str, object], own: dict[str, object]) -> str:
    differences = [
        f"{name} is {theirs[name]} in the weights and {own[name]} in the config"
        for name in ("num_heads", "activation")
        if theirs.get(name) not in (None, own[name])
    ]
    return "; ".join(differences)


def _resize(positions: Tensor, module: nn.Module, weights: Weights) -> Tensor:
    """Resize position embeddings of a square of patches to the module's grid."""
    patches = positions.shape[1] - 1
    side = round(patches**0.5)
    # In mmpretrain's names as many patches are taken for the same grid, square or not.
    same = positions.shape == module.pos_embed.shape and (
        describe(weights).layout in ("mmpretrain", "lpt_mm") or side**2 != patches
    )
    if same or (side, side) == tuple(module.patch_resolution):
        return positions
    from timm.layers import resample_abs_pos_embed  # timm takes a second

    return resample_abs_pos_embed(
        positions, list(module.patch_resolution), num_prefix_tokens=1
    )
