"""Test-time ensembling: what a model says of several crops, averaged."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Self

import torch
from torch import Tensor, nn

from lpt_mm.datasets.transforms.corner_crops import CHOICES
from lpt_mm.utils.errors import UserError, require_choice
from lpt_mm.utils.text import list_some
from lpt_mm.weights.facts import are_counts, is_count

MEANS = ("logits", "probabilities")
LOADERS = ("LoadImage", "LoadImageFromFile")
RESIZES = ("Resize", "ResizeEdge")
CROP, PACKING = "CenterCrop", "PackInputs"
MOST_STRETCHED = 100  # the longer side is as much longer, and a pack may say what it is
BY_DEFAULT = dict(backend="pillow", interpolation="bilinear")


@dataclass(frozen=True)
class CropEnsemble:
    """The mean of what a model says of crops of one image.

    Crops shift the image under the borders of the patches. Source: Long-Tail Learning
    with Foundation Model: Heavy Fine-Tuning Hurts, https://arxiv.org/abs/2309.10019.

    Args:
        expand: How many pixels longer the image's short side is than a crop.
        num_crops: 5, four corners and the centre; 10, with those of the mirrored image;
            1, the centre alone.
        mean: Of the ``'logits'`` or of the ``'probabilities'``.

    Raises:
        UserError: If a value is none of these.
    """

    expand: int
    num_crops: int = 5
    mean: str = "logits"

    def __post_init__(self) -> None:
        """Check the values."""
        if not is_count(self.expand):
            raise UserError(f"expand must be 0 or more pixels, got {self.expand!r}")
        require_choice("num_crops", self.num_crops, CHOICES)
        require_choice("mean", self.mean, MEANS)

    @classmethod
    def of(
        cls,
        backbone: nn.Module,
        expand: int | None = None,
        num_crops: int = 5,
        mean: str = "logits",
    ) -> Self:
        """Choose the crops for a backbone; by default 1.5 patches of room.

        Args:
            backbone: The backbone; it need not have values.
            expand: As of the class.
            num_crops: As of the class.
            mean: As of the class.

        Returns:
            The ensemble.

        Raises:
            UserError: If the backbone has no patches, and ``expand`` is not given.
        """
        if expand is None:
            patch_embed = getattr(backbone, "patch_embed", None)
            if patch_embed is None:
                raise UserError(
                    f"test-time crops: {type(backbone).__name__} has no patches, name "
                    "how much longer than a crop the short side is, "
                    "test_cfg.expand=PIXELS"
                )
            expand = 3 * patch_embed.projection.kernel_size[0] // 2
        return cls(expand, num_crops, mean)

    @classmethod
    def from_facts(cls, facts: Mapping) -> Self:
        """Read what :meth:`facts` wrote, or somebody else."""
        names = {field.name for field in fields(cls)}
        if facts.keys() != names:
            raise UserError(f"tta needs {sorted(names)}, got {list_some(facts)}")
        return cls(**facts)

    def facts(self) -> dict:
        """Say what it is, in JSON."""
        return asdict(self)

    def __str__(self) -> str:
        """Say what is averaged."""
        crops = {1: "the centre", 5: "four corners and the centre"}.get(
            self.num_crops, "four corners and the centre, and mirrored"
        )
        return (
            f"mean of the {self.mean} of {self.num_crops} crops ({crops}) of images "
            f"whose short side is {self.expand} pixels longer"
        )

    def pipeline(self, pipeline: Sequence[Mapping], backbone: nn.Module) -> list[dict]:
        """Make the transforms of a test cut crops out of larger images.

        A crop is as large as ``CenterCrop`` makes it, or without one as the backbone
        takes it. Images that ``Resize`` stretches to some shape are stretched to that
        shape; all others keep their own, also where the test does not resize.

        Args:
            pipeline: Configs of the transforms of the test.
            backbone: What their images go into.

        Returns:
            The others.

        Raises:
            UserError: If a transform is not understood, or crops would not be square
                or not overlap.
        """
        resize, crop, ends = None, None, {True: [], False: []}
        for transform in map(dict, pipeline):
            kind = str(getattr(transform["type"], "__name__", transform["type"]))
            kind = kind.rpartition(".")[2]
            if kind in RESIZES and not resize and not crop:
                resize = transform | dict(type=kind)
            elif kind == CROP and not crop:
                crop = transform
            elif kind in (*LOADERS, PACKING):
                ends[kind in LOADERS].append(transform)
            else:
                raise UserError(
                    f"test-time crops: the test pipeline has {kind}, and only loading, "
                    "Resize or ResizeEdge, CenterCrop and PackInputs, once each and in "
                    "this order, are understood"
                )
        size = _side(crop["crop_size"] if crop else getattr(backbone, "img_size", None))
        if self.expand > size:
            raise UserError(
                f"test-time crops of {size} pixels do not overlap where the short side "
                f"is {self.expand} longer: lower expand"
            )
        crops = dict(type="CornerCrops", crop_size=size, num_crops=self.num_crops)
        larger = _resize_to(size + self.expand, resize)
        return [*ends[True], larger, crops, *ends[False]]

    def average(self, logits: Sequence[Tensor]) -> Tensor:
        """Compute the logits of the ensemble.

        Args:
            logits: (B, C) of each crop.

        Returns:
            (B, C) whose softmax are the scores.
        """
        each = torch.stack([logit.float() for logit in logits])
        if self.mean == "logits":
            return each.mean(dim=0)
        # As high as the logits, which temperatures of shot groups were fitted to.
        height = each.logsumexp(dim=2).mean(dim=0)[:, None] - math.log(len(each))
        return each.log_softmax(dim=2).logsumexp(dim=0) + height


def _side(size: int | Sequence[int] | None) -> int:
    """Give height and width of a square crop."""
    sides = {size} if isinstance(size, int) else set(size or ())
    if len(sides) != 1:
        raise UserError(
            "test-time crops are square: the test pipeline needs a CenterCrop of one "
            f"crop_size, got {size}"
        )
    return sides.pop()


def _resize_to(short: int, like: Mapping | None) -> dict:
    """Make a transform that resizes as another one, but to a short side."""
    like = like or dict(type="ResizeEdge")
    how = {name: like.get(name, value) for name, value in BY_DEFAULT.items()}
    if like["type"] == "ResizeEdge" or like.get("keep_ratio"):
        return dict(type="ResizeEdge", scale=short, edge="short", **how)
    scale = like.get("scale")
    sides = (scale, scale) if isinstance(scale, int) else scale
    if not (are_counts(sides) and len(sides) == 2 and min(sides) > 0):
        raise UserError(
            "test-time crops: Resize needs a scale, one number of pixels or two, not a "
            f"scale_factor; got {scale!r:.80}"
        )
    if max(sides) > MOST_STRETCHED * min(sides):
        raise UserError(
            f"test-time crops: of Resize one side is more than {MOST_STRETCHED} times "
            f"the other, {tuple(sides)}"
        )
    sides = tuple(round(short * side / min(sides)) for side in sides)
    return dict(type="Resize", scale=sides, **how)
