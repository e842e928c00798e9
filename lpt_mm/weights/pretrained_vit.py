"""Initialisation of a vision transformer from pre-trained weights."""

from importlib import resources

from mmengine.logging import print_log
from mmengine.runner.checkpoint import _load_checkpoint
from mmpretrain.registry import WEIGHT_INITIALIZERS
from safetensors.torch import load_file
from torch import Tensor, nn

from lpt_mm.weights.checks import list_some
from lpt_mm.weights.layouts import to_mmpretrain

# Of PromptedViT, but in no pre-trained transformer.
OWN_PARAMETERS = {"shared_prompts"}


@WEIGHT_INITIALIZERS.register_module()
class PretrainedViT:
    """Load a frozen vision transformer, all of it or nothing.

    Args:
        checkpoint: ``'timm:<model name>'`` for a model of timm, which fetches it;
            ``'lpt_mm:<name>'`` for one that comes with this package; or a path or URL
            of a file in timm's or mmpretrain's names.
    """

    def __init__(
        self, checkpoint: str = "timm:vit_base_patch16_224.augreg_in21k"
    ) -> None:
        self.checkpoint = checkpoint

    def __call__(self, module: nn.Module) -> None:
        """Load the weights; position embeddings are resized to the image size.

        Args:
            module: A ``PromptedViT``.

        Raises:
            TypeError: If it is another module, whose random initialisation would run
                after this one and undo it.
            ValueError: If a weight is missing, left over or of another shape.
        """
        if not hasattr(module, "prompt_mode"):
            raise TypeError(
                f"PretrainedViT initialises a PromptedViT, got {type(module).__name__};"
                " for a plain one use PromptedViT(prompt_mode='none', frozen=False)"
            )
        state_dict = to_mmpretrain(read_weights(self.checkpoint))
        own = module.state_dict()
        missing = own.keys() - state_dict.keys() - OWN_PARAMETERS
        unexpected = state_dict.keys() - own.keys()
        reshaped = {
            name
            for name in own.keys() & state_dict.keys() - {"pos_embed"}
            if own[name].shape != state_dict[name].shape
        }
        for what, names in (
            ("missing", missing),
            ("left over", unexpected),
            ("of another shape", reshaped),
        ):
            if names:
                raise ValueError(
                    f"{self.checkpoint} does not fit the backbone: "
                    f"{what}: {list_some(names)}"
                )
        module.load_state_dict(state_dict, strict=False)
        print_log(f"loaded the backbone from {self.checkpoint}", logger="current")


def read_weights(checkpoint: str) -> dict[str, Tensor]:
    """Read the tensors of a weight file.

    Args:
        checkpoint: See :class:`PretrainedViT`.

    Returns:
        The tensors by name.

    Raises:
        FileNotFoundError: If timm cannot fetch the weights; it names the remedy.
    """
    if checkpoint.endswith(".safetensors"):
        return load_file(checkpoint)
    source, _, name = checkpoint.partition(":")
    if source == "timm":
        return _fetch_from_timm(name)
    if source == "lpt_mm":
        with resources.as_file(
            resources.files("lpt_mm.weights") / f"{name}.pth"
        ) as file:
            weights = _load_checkpoint(str(file), map_location="cpu")
    else:
        weights = _load_checkpoint(checkpoint, map_location="cpu")
    return weights.get("state_dict", weights)


def _fetch_from_timm(name: str) -> dict[str, Tensor]:
    import timm  # a second that others need not pay

    try:
        return timm.create_model(name, pretrained=True, num_classes=0).state_dict()
    except OSError as error:  # the hub's errors are OSErrors
        raise FileNotFoundError(
            f"timm could not fetch the weights of {name!r}. Without network, download "
            f"model.safetensors of https://huggingface.co/timm/{name} on another "
            "machine and set model.backbone.init_cfg.checkpoint to its path"
        ) from error
