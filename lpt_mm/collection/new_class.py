"""A class more in the head of a pack, from a few images."""

import copy
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lpt_mm.answers.posterior import ALL
from lpt_mm.collection.embedded_set import EmbeddedSet
from lpt_mm.collection.writing import require_new_pack, write_pack
from lpt_mm.evaluation.metrics import ShotGroups
from lpt_mm.evaluation.metrics.class_metrics import ClassMetrics
from lpt_mm.inference.predictor import Predictor
from lpt_mm.inference.sources import ImageSources
from lpt_mm.models.heads import CosineHead
from lpt_mm.models.numerics import unit
from lpt_mm.models.tunings.build import bottleneck_for
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import list_some, printable
from lpt_mm.weights.calibration import TEMPERATURE
from lpt_mm.weights.facts import is_name
from lpt_mm.weights.pack import PRIOR_POWER, Pack, read_pack

WEIGHT = "head.weight"
# Of the refinement. On digits-LT three times the steps, or a third of the rate, gave
# about the same.
STEPS, LEARNING_RATE = 100, 0.01


@dataclass(frozen=True)
class NewClass:
    """What became of a pack.

    Args:
        name: The class.
        images: How many images it was made of.
        before: Accuracies on the old classes by name, in per cent, without the class.
        after: The same with it.
        lost: Share of images of old classes that are taken for it, in per cent.
        found: Share of further images of it that are taken for it, in per cent.
    """

    name: str
    images: int
    before: dict[str, float] | None = None
    after: dict[str, float] | None = None
    lost: float | None = None
    found: float | None = None


def add_class(
    pack: str | os.PathLike,
    images: Sequence[str],
    out: str | os.PathLike,
    name: str | None = None,
    test: str | os.PathLike | None = None,
    new_test: Sequence[str] = (),
    refine: str | os.PathLike | None = None,
    backbone: str | None = None,
    device: str | None = None,
) -> NewClass:
    """Write a pack that knows a class more.

    The weight of the class is its mean feature, of unit length.

    Args:
        pack: The pack, of a model with a :class:`CosineHead`.
        images: What :class:`ImageSources` takes, of the class alone.
        out: New pack.
        name: The class; by default as the folder.
        test: Set of the old classes, of ``tools/inference/embed.py``, to measure the
            cost on.
        new_test: Further images of the class, to see how many are found.
        refine: Training set of the old classes, of ``tools/inference/embed.py``: the
            head is trained for a moment on its class means and the new images.
        backbone: As of :meth:`Predictor.from_pack`.
        device: As of :meth:`Predictor.from_pack`.

    Returns:
        What it costs and finds.

    Raises:
        FileExistsError: If the new file exists.
        UserError: If the class exists, the head is of another kind, or a set is of
            another model.
    """
    require_new_pack(out)
    content = read_pack(pack)
    if name is None:
        name = Path(images[0]).resolve().name if Path(images[0]).is_dir() else ""
    _require_possible(content, name)
    sources, further = ImageSources(images), ImageSources(new_test)
    for each in (sources, further) if new_test else (sources,):
        each.count()
    tested = None if test is None else EmbeddedSet.read(test, content).labelled
    replayed = None if refine is None else class_means(content, refine)
    predictor = Predictor.from_pack(pack, backbone, device, tta=False)
    feature = torch.from_numpy(predictor.embed(sources))
    old = content.weights.tensors[WEIGHT].float()
    weight = torch.cat([unit(old, dim=0), unit(feature.mean(dim=0), dim=0)[:, None]], 1)
    scale = predictor.model.head.scale
    if replayed is not None:
        weight = refine_weight(weight, replayed, feature, scale)
    made = NewClass(name, len(feature))
    if tested is not None:
        made = replace(made, **cost_of(content, tested, weight))
    if new_test:
        label = classify(torch.from_numpy(predictor.embed(further)), weight)
        made = replace(made, found=100 * float((label == old.shape[1]).mean()))
    num_layers = getattr(predictor.model.backbone, "num_layers", None)
    write_pack(extended(content, weight, name, len(feature), num_layers), out)
    return made


def refine_weight(
    weight: Tensor, means: Tensor, feature: Tensor, scale: float
) -> Tensor:
    """Train class weights on the means of old classes and images of a new one.

    Each class counts the same. The weights of all classes move.

    Args:
        weight: (D, C + 1) to start from.
        means: (C, D) mean features of the old classes.
        feature: (m, D) of the new one.
        scale: Of the cosines.

    Returns:
        (D, C + 1) of unit length.
    """
    weight = weight.clone().requires_grad_()
    inputs = unit(torch.cat([means, feature]), dim=1)
    number = len(means)
    target = torch.arange(number + len(feature)).clamp(max=number)
    share = torch.ones(len(target))
    share[number:] /= len(feature)
    optimizer = torch.optim.Adam([weight], lr=LEARNING_RATE)
    for _ in range(STEPS):
        score = scale * inputs @ unit(weight, dim=0)
        losses = F.cross_entropy(score, target, reduction="none")
        optimizer.zero_grad()
        (losses @ share / share.sum()).backward()
        optimizer.step()
    return unit(weight.detach(), dim=0)


def classify(feature: Tensor, weight: Tensor) -> np.ndarray:
    """Give the nearest class, (n,), of features (n, D) by weights (D, C)."""
    return (unit(feature, dim=1) @ unit(weight, dim=0)).argmax(dim=1).numpy()


def _require_possible(pack: Pack, name: str) -> None:
    kind = pack.model["head"].get("type")
    if kind != CosineHead.__name__ or WEIGHT not in pack.weights.tensors:
        raise UserError(
            f"{pack.source} has a {printable(kind)}, whose scores do not follow from "
            "mean features: a class can be added to a CosineHead alone"
        )
    if not is_name(name) or not name.strip():
        raise UserError("a class needs a name: give one with --name")
    if name in pack.class_names:
        raise UserError(f"{pack.source} has a class '{printable(name)}' already")


def class_means(pack: Pack, folder: str | os.PathLike) -> Tensor:
    """Compute the mean features of the classes.

    Args:
        pack: The pack.
        folder: Its training set, of ``tools/inference/embed.py``.

    Returns:
        (C, D).

    Raises:
        UserError: If a class has no image.
    """
    images = EmbeddedSet.read(folder, pack).labelled
    number = np.bincount(images.label, minlength=pack.num_classes)
    if missing := [pack.class_names[i] for i in np.flatnonzero(number == 0)]:
        raise UserError(f"{images.source} has no image of {list_some(missing)}")
    total = torch.zeros(pack.num_classes, images.feature.shape[1])
    label = torch.from_numpy(images.label)
    total.index_add_(0, label, torch.from_numpy(images.feature))
    return total / torch.from_numpy(number).float()[:, None]


def extended(
    pack: Pack, weight: Tensor, name: str, images: int, num_layers: int | None
) -> Pack:
    """Make a pack of a class more.

    Args:
        pack: The pack.
        weight: (D, C + 1) of its head.
        name: The class.
        images: How many it has.
        num_layers: L, of a backbone with tunings.

    Returns:
        The other pack, without what was measured on the old classes.
    """
    model = copy.deepcopy(pack.model)
    model["head"]["num_classes"] = pack.num_classes + 1
    for loss in ("loss", "instance_loss"):  # counts of the old classes
        (model["head"].get(loss) or {}).pop("cls_num_list", None)
    for tuning in model["backbone"].get("tunings") or ():
        if tuning.get("bottleneck") is None:  # which would follow the classes
            tuning["bottleneck"] = bottleneck_for(pack.num_classes, num_layers)
    tensors = pack.weights.tensors
    head = {WEIGHT: weight.to(tensors[WEIGHT].dtype).contiguous()}
    counts = pack.cls_num_list and [*pack.cls_num_list, images]
    classes = dict(classes=[*pack.class_names, name])
    meta = pack.weights.meta | dict(cls_num_list=counts, dataset_meta=classes)
    weights = replace(pack.weights, tensors=tensors | head, meta=meta)
    # What was measured is of the old classes; one temperature may serve the new, too.
    known = (pack.calibration or {}).get(TEMPERATURE, {})
    calibration = {TEMPERATURE: known} if ALL in known else None
    # The prior of a mean feature is even: only where the others' is, too, is it known.
    power = 0.0 if pack.balancing.get(PRIOR_POWER) == 0 else None
    facts = dict(model=model, balancing=pack.balancing | {PRIOR_POWER: power})
    return replace(pack, **facts, weights=weights, report=None, calibration=calibration)


def cost_of(pack: Pack, tested: EmbeddedSet, weight: Tensor) -> dict[str, object]:
    """Classify a test set of the old classes, without and with the new one.

    Args:
        pack: The pack, of the old classes.
        tested: The set.
        weight: (D, C + 1) of the new head.

    Returns:
        ``before``, ``after`` and ``lost`` of :class:`NewClass`.
    """
    label = tested.label
    after = classify(torch.from_numpy(tested.feature), weight)
    found = {}
    counts = pack.cls_num_list or [1] * pack.num_classes
    groups = ShotGroups(pack.convention, tuple(pack.thresholds)).assign([*counts, 1])
    for key, prediction in (("before", tested.score.argmax(axis=1)), ("after", after)):
        counted = ClassMetrics.count(label, prediction, pack.num_classes + 1)
        found[key] = counted.accuracies(groups)
    return found | dict(lost=100 * float((after == pack.num_classes).mean()))
