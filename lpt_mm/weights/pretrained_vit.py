"""Initialisation of a vision transformer from pre-trained weights."""

import logging

from mmengine.logging import print_log
from mmpretrain.registry import WEIGHT_INITIALIZERS
from torch import Tensor, nn

from lpt_mm.weights.architecture import ViTArchitecture
from lpt_mm.weights.checks import OFFICIAL, list_some
from lpt_mm.weights.layouts import is_official, to_mmpretrain
from lpt_mm.weights.reading import WeightFileError, Weights
from lpt_mm.weights.sources import read_weights

# Of PromptedViT, but in no pre-trained transformer.
OWN_PARAMETERS = {"shared_prompts"}


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

    def __call__(self, module: nn.Module) -> None:
        """Load the weights.

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
        tensors = fit_backbone(module, weights, self.checkpoint)
        tensors["pos_embed"] = _resize(tensors["pos_embed"], module.patch_resolution)
        module.load_state_dict(tensors, strict=False)
        eps = weights.meta.get("backbone", {}).get("layer_norm_eps")
        if eps not in (None, module.numerics["layer_norm_eps"]):
            print_log(
                f"{self.checkpoint} was made with a LayerNorm eps of {eps}, "
                f"norm_cfg has {module.numerics['layer_norm_eps']}",
                logger="current",
                level=logging.WARNING,
            )
        print_log(f"loaded the backbone from {self.checkpoint}", logger="current")

    def check(self, module: nn.Module) -> None:
        """Refuse weights that do not fit, without loading or downloading them.

        Args:
            module: A ``PromptedViT``, which may lie on the device ``meta``.

        Raises:
            WeightFileError: See :meth:`__call__`.
        """
        weights = read_weights(self.checkpoint, fetch=False)
        fit_backbone(module, weights, self.checkpoint)


def fit_backbone(
    module: nn.Module, weights: Weights, checkpoint: str
) -> dict[str, Tensor]:
    """Name tensors as a backbone does, and refuse them unless they fit.

    Args:
        module: A ``PromptedViT``.
        weights: The tensors, and what is known beside them.
        checkpoint: What the error calls them.

    Returns:
        The backbone's tensors in mmpretrain's names; position embeddings may be of
        another image size.

    Raises:
        WeightFileError: See :class:`PretrainedViT`.
    """
    if is_official(weights.tensors):
        raise WeightFileError(f"{checkpoint} {OFFICIAL}")
    tensors, own = to_mmpretrain(weights.tensors), module.state_dict()
    misfits = [
        _compare_architectures(tensors, own) or _compare_shapes(tensors, own),
        _compare_names(tensors, own),
        _compare_numerics(weights.meta.get("backbone", {}), module.numerics),
    ]
    if any(misfits):
        raise WeightFileError(
            f"{checkpoint} does not fit the backbone: "
            f"{'; '.join(filter(None, misfits))}"
        )
    return tensors


def _compare_architectures(theirs: dict[str, Tensor], own: dict[str, Tensor]) -> str:
    file, config = ViTArchitecture.of(theirs), ViTArchitecture.of(own)
    if file is None or config is None or file == config:
        return ""
    changes = (f"{k}={v!r}" for k, v in file.differences(config).items())
    return (
        f"it is a {file}, the config has a {config} "
        f"(to use it, set {', '.join(changes)} in model.backbone)"
    )


def _compare_shapes(theirs: dict[str, Tensor], own: dict[str, Tensor]) -> str:
    reshaped = {
        name
        for name in own.keys() & theirs.keys() - {"pos_embed"}
        if own[name].shape != theirs[name].shape
    }
    if "pos_embed" in theirs and not _fits_positions(theirs["pos_embed"], own):
        reshaped.add("pos_embed")
    return f"of another shape: {list_some(reshaped)}" if reshaped else ""


def _compare_names(theirs: dict[str, Tensor], own: dict[str, Tensor]) -> str:
    differences = (
        ("missing", own.keys() - theirs.keys() - OWN_PARAMETERS),
        ("left over", theirs.keys() - own.keys()),
    )
    parts = (f"{what}: {list_some(names)}" for what, names in differences if names)
    return "; ".join(parts)


def _fits_positions(positions: Tensor, own: dict[str, Tensor]) -> bool:
    """Whether these are the embeddings of a class token and of a square of patches."""
    if positions.ndim != 3 or positions.shape[2] != own["pos_embed"].shape[2]:
        return False
    patches = positions.shape[1] - 1
    return patches > 0 and round(patches**0.5) ** 2 == patches


def _compare_numerics(theirs: dict[str, object], own: dict[str, object]) -> str:
    differences = [
        f"{name} is {theirs[name]} in the weights and {own[name]} in the config"
        for name in ("num_heads", "activation")
        if theirs.get(name) not in (None, own[name])
    ]
    return "; ".join(differences)


def _resize(positions: Tensor, patch_resolution: tuple[int, int]) -> Tensor:
    rows, columns = patch_resolution
    if positions.shape[1] == 1 + rows * columns:
        return positions
    from timm.layers import resample_abs_pos_embed  # timm takes a second

    return resample_abs_pos_embed(positions, [rows, columns], num_prefix_tokens=1)
