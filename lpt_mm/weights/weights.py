"""What is read from a weight file, whatever its format."""

from dataclasses import dataclass, field

from torch import Tensor

from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.facts import Check, is_count, is_text
from lpt_mm.weights.identity import BACKBONE, IDENTITY, decode_identity

# What the features of a backbone depend on, but no tensor shows.
HIDDEN_SETTINGS: dict[str, Check] = dict(
    num_heads=is_count,
    layer_norm_eps=lambda value: isinstance(value, float) and 0 <= value < 1,
    activation=lambda value: is_text(value) and value.isidentifier(),
)


@dataclass
class Weights:
    """What a weight file holds."""

    tensors: dict[str, Tensor]
    meta: dict = field(default_factory=dict)  # further facts, such as cls_num_list
    format: str = "torch"  # or "safetensors", "npz", "timm"
    source: str = "the file"  # what errors call it
    is_plain: bool = True  # whether there is nothing in it but what torch loads safely
    is_resumable: bool = False  # whether there is the state of an optimizer, too

    @property
    def is_light(self) -> bool:
        """Whether the frozen layers of a backbone were left out."""
        return BACKBONE + IDENTITY in self.tensors

    @property
    def identity(self) -> dict[str, object]:
        """What is recorded of ``PromptedViT.identity``; refuse a damaged record."""
        if self.is_light:
            try:
                return decode_identity(self.tensors[BACKBONE + IDENTITY])
            except ValueError as error:
                raise WeightFileError(f"{self.source}: {error}") from error
        recorded = self.meta.get("backbone")
        return recorded if isinstance(recorded, dict) else {}

    @property
    def hidden_settings(self) -> dict[str, object]:
        """What is recorded of ``PromptedViT.hidden_settings``, and of its type."""
        recorded = self.identity
        return {
            name: recorded[name]
            for name, check in HIDDEN_SETTINGS.items()
            if check(recorded.get(name))
        }
