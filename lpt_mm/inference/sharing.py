"""One frozen backbone in memory, for the models of several packs."""

from dataclasses import dataclass
from typing import Self

from mmengine.registry import DefaultScope
from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.registry import MODELS
from torch import Tensor

from lpt_mm.inference.building import build_fitting, complete, config_of
from lpt_mm.models.backbones import PromptedViT
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import compare_backbones, describe_backbone
from lpt_mm.weights.pack import Pack


@dataclass(frozen=True)
class SharedBackbone:
    """The frozen tensors of a backbone, and which one it is.

    Args:
        first: What errors call the pack that it was loaded for.
        identity: That of ``PromptedViT.identity``, computed once.
        image_size: Height and width of its images, which the position embeddings
            depend on.
        source: That of ``PromptedViT``, like ``positions``.
        positions: Digest of the position embeddings of the source.
        tensors: All its tensors but those of prompts and tunings.
    """

    first: str
    identity: dict[str, object]
    image_size: tuple[int, int]
    source: str | None
    positions: str | None
    tensors: dict[str, Tensor]

    @classmethod
    def of(cls, model: ImageClassifier, pack: Pack) -> Self:
        """Take the backbone of a model, whose own tensors these stay.

        Args:
            model: The classifier of ``build_model``, on its device.
            pack: Its pack, which leaves the backbone out.

        Returns:
            The backbone.
        """
        backbone = model.backbone
        return cls(
            pack.source,
            pack.weights.identity,  # build_model has compared it with the values
            backbone.img_size,
            backbone.source,
            backbone.positions,
            backbone.frozen_state(),
        )

    def build_model(
        self, pack: Pack, frozen_dtype: str | None = None
    ) -> ImageClassifier:
        """Build the classifier of a pack on this backbone, reading no other.

        Args:
            pack: The pack, which leaves the backbone out; of one from a file the
                components have been checked.
            frozen_dtype: As of ``PromptedViT``; that of training by default.

        Returns:
            The classifier, in evaluation mode; what is its own is on the CPU.

        Raises:
            WeightFileError: If it was trained on another backbone, or does not fit.
        """
        trained = pack.weights.identity
        if compare_backbones(trained, self.identity):
            raise WeightFileError(
                f"{pack.source} was trained on {describe_backbone(trained)}, and "
                f"{self.first} on {describe_backbone(self.identity)}: tasks of one "
                "backbone alone are loaded together"
            )
        config = config_of(pack, frozen_dtype)
        with DefaultScope.overwrite_default_scope("mmpretrain"):
            backbone = build_fitting(pack, config).backbone  # without values
            self._lend_to(backbone, pack)
            model = MODELS.build(config | dict(backbone=backbone))
        return complete(model, pack)

    def _lend_to(self, backbone: PromptedViT, pack: Pack) -> None:
        """Give a backbone without values these, and room for what is its own."""
        states = backbone.frozen_state(), self.tensors
        shapes, theirs = ({k: x.shape for k, x in state.items()} for state in states)
        types, their_types = ({k: x.dtype for k, x in s.items()} for s in states)
        if backbone.img_size != self.image_size or shapes != theirs:
            sizes = backbone.img_size, self.image_size
            own, other = (" x ".join(map(str, size)) for size in sizes)
            raise WeightFileError(
                f"{pack.source} takes images of {own} pixels, and {self.first} of "
                f"{other}: tasks of one size alone are loaded together"
            )
        if types != their_types:
            raise WeightFileError(
                f"{pack.source} and {self.first} compute the backbone in different "
                "precision: choose one with --frozen-dtype (frozen_dtype)"
            )
        backbone.to_empty(device="cpu", recurse=False)
        if backbone.tunings is not None:
            backbone.tunings.to_empty(device="cpu")
        backbone.load_state_dict(self.tensors, strict=False, assign=True)
        backbone.source, backbone.positions = self.source, self.positions


def require_light(pack: Pack) -> None:
    """Refuse a pack whose backbone was trained, too, so that no other task has it."""
    if not pack.weights.is_light:
        raise WeightFileError(
            f"{pack.source} has a backbone of its own with it, which no other task can "
            "use: load it alone"
        )
