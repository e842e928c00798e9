"""Packs: all that a task adds to a backbone, in one file that needs no config."""

from dataclasses import dataclass, replace
from pathlib import Path

from lpt_mm.utils.new_file import new_file
from lpt_mm.utils.text import printable
from lpt_mm.version import __version__
from lpt_mm.weights.calibration import is_calibration
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.facts import (
    LONGEST_NAME,
    Check,
    are_counts,
    is_count,
    is_dict,
    is_name,
    is_number,
    is_plain,
    is_text,
)
from lpt_mm.weights.model_file import FORMAT, PACK, write_model
from lpt_mm.weights.reading import read_file
from lpt_mm.weights.weights import Weights

PRIOR_POWER = "prior_power"
LARGEST_POWER = 1.0


def _is_classifier(value: object) -> bool:
    return is_dict(value) and all(is_dict(value.get(x)) for x in ("backbone", "head"))


def _are_transforms(value: object) -> bool:
    return isinstance(value, list) and all(is_dict(x) and "type" in x for x in value)


def _is_report(value: object) -> bool:
    if value is None:
        return True
    return is_dict(value) and {"shot_groups", "classes"} <= value.keys()


def _is_balancing(value: object) -> bool:
    if not is_dict(value):
        return False
    power = value.get(PRIOR_POWER)
    names = [x for name, x in value.items() if name != PRIOR_POWER]
    is_power = power is None or (is_number(power) and 0 <= power <= LARGEST_POWER)
    return is_power and all(x is None or is_text(x) for x in names)


# What stands in a pack beside the facts of a checkpoint.
FACTS: dict[str, Check] = dict(
    model=_is_classifier,
    data_preprocessor=is_dict,
    pipeline=_are_transforms,
    convention=is_text,
    thresholds=lambda value: are_counts(value) and len(value) == 2,
    balancing=_is_balancing,
    tta=lambda value: value is None or is_dict(value),
    report=_is_report,
    calibration=is_calibration,
    lpt_mm=is_text,
)


@dataclass(frozen=True)
class Pack:
    """A trained classifier, and all that is needed to use it but its backbone.

    Args:
        weights: The tensors, and the facts of their checkpoint: ``meta`` has
            ``backbone`` (identity), ``cls_num_list``, ``dataset_meta``, ``settings``,
            ``epoch`` and ``seed``, as far as they are known.
        model: Config of the classifier, without ``data_preprocessor`` and without any
            ``init_cfg``.
        data_preprocessor: Config of its data preprocessor.
        pipeline: Configs of the transforms of the test.
        convention: Of ``ShotGroups``.
        thresholds: Of ``ShotGroups``, two numbers.
        balancing: What training has done about the counts already, of
            ``describe_balancing``: type names of ``loss``, ``instance_loss``,
            ``sampler`` and ``reweighting``, None where there is none, and
            ``prior_power``.
        report: What ``tools/test.py --out`` wrote, if anything.
        tta: Arguments of ``CropEnsemble``, if crops of an image are averaged.
        calibration: What was fitted on a validation set, if anything, see
            ``is_calibration``.
        lpt_mm: Version of the package that the pack was made with.
    """

    weights: Weights
    model: dict
    data_preprocessor: dict
    pipeline: list[dict]
    convention: str
    thresholds: list[int]
    balancing: dict
    report: dict | None = None
    tta: dict | None = None
    calibration: dict | None = None
    lpt_mm: str = __version__

    def __post_init__(self) -> None:
        """Refuse counts or names of other classes than the model's, and odd names."""
        for what, known in (
            ("counts", self.cls_num_list),
            ("names", self._known_names),
        ):
            if known is not None and len(known) != self.num_classes:
                raise WeightFileError(
                    f"{self.source} has {what} of {len(known)} classes, and its model "
                    f"{self.num_classes} classes"
                )
        for name in self._known_names or ():
            if not is_name(name):
                raise WeightFileError(
                    f"{self.source} has a class whose name is longer than "
                    f"{LONGEST_NAME:,} characters or no UTF-8: "
                    f"{printable(str(name)[:64])}"
                )

    @property
    def num_classes(self) -> int:
        """Number of classes, C."""
        num_classes = self.model["head"].get("num_classes")
        if not is_count(num_classes):
            raise WeightFileError(f"{self.source}: model.head has no num_classes")
        return num_classes

    @property
    def class_names(self) -> list[str]:
        """Names of the classes, length C; their indices where they have none."""
        return list(self._known_names or map(str, range(self.num_classes)))

    @property
    def _known_names(self) -> list[str] | None:
        return (self.weights.meta.get("dataset_meta") or {}).get("classes")

    @property
    def cls_num_list(self) -> list[int] | None:
        """Training images per class, length C; None if unknown."""
        return self.weights.meta.get("cls_num_list")

    @property
    def source(self) -> str:
        """What errors call it."""
        return self.weights.source

    def save(self, path: str | Path) -> None:
        """Write a new file; ``FileExistsError`` if there is something of that name."""
        facts = dict(format=FORMAT, **{name: getattr(self, name) for name in FACTS})
        if not is_plain(facts):
            raise WeightFileError("the config is too large or too deep for a pack")
        content = write_model(self.weights.tensors, self.weights.meta | {PACK: facts})
        with new_file(path) as file:
            file.write_bytes(content)


def require_pack_name(path: str | Path) -> None:
    """Refuse a name by which no other program would know the format."""
    if Path(path).suffix != ".safetensors":
        raise WeightFileError(
            f"call '{printable(path)}' NAME.safetensors: mmengine and torch go by the "
            "name"
        )


def read_pack(path: str | Path) -> Pack:
    """Read a pack, whose config is not looked into.

    Args:
        path: A file of ``publish_model.py``.

    Returns:
        The pack.

    Raises:
        WeightFileError: If it is no pack, one of another format, or damaged.
    """
    weights = read_file(path)
    facts = weights.meta.get(PACK)
    if facts is None:
        raise WeightFileError(
            f"{printable(weights.source)} is no pack, and does not say which model it "
            "is of: make one with tools/model_converters/publish_model.py, or name its "
            "config (Predictor.from_config)"
        )
    # Packs of before have no word of these.
    facts = dict(tta=None, calibration=None) | facts
    for name, check in FACTS.items():
        if name not in facts or not check(facts[name]):
            raise WeightFileError(f"{weights.source} is a pack without a valid {name}")
    meta = {name: fact for name, fact in weights.meta.items() if name != PACK}
    return Pack(replace(weights, meta=meta), **{name: facts[name] for name in FACTS})
