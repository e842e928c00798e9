"""Soups: one model whose weights are averages of those of several runs.

Source: Model soups, https://arxiv.org/abs/2203.05482; for long tails LT-Soups,
https://arxiv.org/abs/2511.10683.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from lpt_mm.utils.errors import UserError
from lpt_mm.weights.comparison import find_non_finite
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import (
    BACKBONE,
    IDENTITY,
    compare_backbones,
    describe_backbone,
)
from lpt_mm.weights.model_file import PACK
from lpt_mm.weights.weights import Weights


def make_soup(models: Sequence[Weights], shares: Sequence[float] = ()) -> Weights:
    """Average the checkpoints of one model; all else is that of the last one.

    Args:
        models: What was read of the checkpoints. The runs may have had other images,
            and so other class counts, but the same model, classes and backbone.
        shares: What each of them counts, of sum 1; by default all the same.

    Returns:
        Tensors and facts; light if the checkpoints are.

    Raises:
        WeightFileError: If a checkpoint cannot be used, or is not of the model of the
            first; says what each of the two has.
        UserError: If there are not two checkpoints, or not as many shares.
    """
    if len(models) < 2:
        raise UserError(f"a soup needs two checkpoints or more, got {len(models)}")
    shares = shares or [1 / len(models)] * len(models)
    _check_shares(shares, len(models))
    for weights in models:
        if PACK in weights.meta:
            raise WeightFileError(
                f"{weights.source} is a pack: give the checkpoints that training saved"
            )
        if fault := find_non_finite(weights.tensors):
            raise WeightFileError(f"{weights.source} {fault}")
    for other in models[1:]:
        _require_same_model(models[0], other)
    last = models[-1]
    average = {
        name: _average([weights.tensors[name] for weights in models], shares)
        for name in last.tensors
        if name != BACKBONE + IDENTITY
    }
    return replace(last, tensors=last.tensors | average)


def _check_shares(shares: Sequence[float], count: int) -> None:
    if len(shares) != count:
        raise UserError(
            f"{len(shares)} weights for {count} checkpoints: give one for each"
        )
    # Written so that NaN is refused.
    if not (min(shares) >= 0 and abs(sum(shares) - 1) < 1e-6):
        raise UserError(
            "the weights must be 0 or more and have the sum 1, got "
            f"{' '.join(f'{share:g}' for share in shares)}, of sum {sum(shares):g}"
        )


def _average(tensors: Sequence[Tensor], shares: Sequence[float]) -> Tensor:
    """Average in float64; what is equal in all, or no float, is that of the last."""
    last = tensors[-1]
    wide = [tensor.double() for tensor in tensors]
    if not last.is_floating_point() or all(torch.equal(x, wide[-1]) for x in wide):
        return last
    total = sum(share * x for share, x in zip(shares, wide, strict=True))
    return total.to(last.dtype)


def _require_same_model(one: Weights, other: Weights) -> None:
    if compare_backbones(one.identity, other.identity):
        raise WeightFileError(
            f"{one.source} was trained on {describe_backbone(one.identity)}, and "
            f"{other.source} on {describe_backbone(other.identity)}"
        )
    theirs, ours = _facts(one), _facts(other)
    known = [name for name in theirs if name in ours]
    difference = _find_difference(
        {name: theirs[name] for name in known}, {name: ours[name] for name in known}
    ) or _find_difference(_shapes(one), _shapes(other))
    if difference:
        raise WeightFileError(
            f"{one.source} and {other.source} are not of one model: {difference}"
        )


def _facts(weights: Weights) -> dict[str, object]:
    """Give what is recorded of a model that no shape shows."""
    settings = weights.meta.get("settings") or {}
    classes = (weights.meta.get("dataset_meta") or {}).get("classes") or ()
    names = {f"class {i}": name for i, name in enumerate(classes)}
    return {**weights.hidden_settings, **settings, **names}


def _shapes(weights: Weights) -> dict[str, object]:
    """Give shape and type of each tensor but the identity, a text of any length."""
    names = sorted(weights.tensors.keys() - {BACKBONE + IDENTITY})
    tensors = ((name, weights.tensors[name]) for name in names)
    return {name: f"{tuple(x.shape)} {x.dtype}" for name, x in tensors}


def _find_difference(one: Mapping, other: Mapping) -> str:
    """Name the first value that differs, and both values; empty if none does."""
    for name in {**one, **other}:
        if name not in one or name not in other:
            return f"only the {'second' if name in other else 'first'} has {name}"
        if one[name] != other[name]:
            return f"{name} is {one[name]!s:.200} and {other[name]!s:.200}"
    return ""
