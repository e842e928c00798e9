"""What a sweep file declares: a table to make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config

from lpt_mm.evaluation.tables import CLASS_COLUMNS, COLUMNS, ECE_COLUMNS
from lpt_mm.sweep.cost import COSTS
from lpt_mm.sweep.plan_rows import read_rows
from lpt_mm.sweep.row import Repeat, Row
from lpt_mm.utils.errors import UserError, require
from lpt_mm.utils.text import printable
from lpt_mm.weights.facts import is_count

SPLITS = ("test", "val")
FURTHER_COLUMNS = (*CLASS_COLUMNS, *ECE_COLUMNS, *COSTS)
SEARCH_METRICS = (*COLUMNS, *CLASS_COLUMNS)  # the larger the better


@dataclass(frozen=True)
class Plan:
    """A table to make; each row is run on all folds, if there are any, with all seeds.

    Args:
        name: Of the sweep file.
        rows: A row comes after those that it needs.
        seeds: Seeds of the runs.
        folds: Values of the configs' ``fold``; none to leave it as it is.
        split: ``'test'``, or ``'val'`` to test on the validation set.
        speed: Whether to measure the models' speed, too.
        columns: Further columns of the table, of ``FURTHER_COLUMNS``.
        compare: Names of rows and of the references that each is compared with.
        search_metric: What settings are chosen by, one of ``SEARCH_METRICS``.
    """

    name: str
    rows: list[Row]
    seeds: list[int]
    folds: Sequence[int] = ()
    split: str = "test"
    speed: bool = False
    columns: Sequence[str] = ()
    compare: Mapping[str, Sequence[str]] = field(default_factory=dict)
    search_metric: str = "mean_class"

    @property
    def repeats(self) -> list[Repeat]:
        """The runs of a row."""
        return [Repeat(s, fold) for fold in self.folds or [None] for s in self.seeds]

    @property
    def spread(self) -> str:
        """What the numbers of a row are spread over."""
        if not self.folds:
            return "seeds"
        return "folds x seeds" if len(self.seeds) > 1 else "folds"

    @property
    def units(self) -> str:
        """What tells how far another run would differ: folds, else seeds."""
        return "folds" if len(self.folds) > 1 else "seeds"

    def reports(self, root: Path, row: Row) -> dict[Repeat, Path]:
        """Name the file of the report of each run of a row."""
        return {r: row.folder(root, r) / f"{self.split}.json" for r in self.repeats}


PLAN_KEYS = Plan.__dataclass_fields__.keys() - {"name"}


def read_plan(path: str) -> Plan:
    """Read a sweep file.

    It is a Python file with ``rows``, what :func:`read_rows` takes by name, and
    ``seeds``. Further variables are those of :class:`Plan`; the references of a row in
    ``compare`` may be a name or a list of names. What is missing is a
    ``FileNotFoundError``, and anything else a ``ValueError``.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no sweep file {path!r}")
    content, place = Config.fromfile(path).to_dict(), printable(path)
    declared = {k: v for k, v in content.items() if not k.startswith("_")}
    unknown, known = sorted(declared.keys() - PLAN_KEYS), sorted(PLAN_KEYS)
    require(
        not unknown,
        f"{place}: unknown {unknown}; a sweep file has {known}, and names of its own "
        "begin with _",
    )
    for key, kind in (("rows", dict), ("seeds", list)):
        good = declared.get(key) and isinstance(declared[key], kind)
        require(good, f"{place}: {key} must be a {kind.__name__}, and not empty")
    split = declared.get("split", "test")
    require(split in SPLITS, f"{place}: split must be one of {SPLITS}, got {split!r}")
    rows: dict[str, Row] = {}
    for name, row in declared.pop("rows").items():
        for made in read_rows(f"{place}: row {name!r}", name, row, rows, split):
            taken = made.name in rows
            require(not taken, f"{place}: two rows are called {made.name!r}")
            rows[made.name] = made
    if "compare" in declared:
        declared["compare"] = _read_comparisons(place, declared["compare"], rows)
    plan = Plan(Path(path).stem, list(rows.values()), **declared)
    try:
        _check(plan)
    except UserError as error:
        raise UserError(f"{place}: {error}") from None
    return plan


def _check(plan: Plan) -> None:
    """Refuse values that make no table."""
    for key in ("folds", "columns"):
        values = getattr(plan, key)
        require(
            isinstance(values, list | tuple), f"{key} must be a list, got {values!r}"
        )
    for key in ("seeds", "folds"):
        values = getattr(plan, key)
        good = all(map(is_count, values)) and len(set(values)) == len(values)
        require(good, f"{key} must be different whole numbers, got {values}")
    for row in plan.rows if plan.folds else ():
        good = "fold" in row.settings
        require(good, f"row {row.name!r}: its config has no fold, and folds need one")
    known = (*COLUMNS, *FURTHER_COLUMNS)
    unknown = [column for column in plan.columns if column not in known]
    require(not unknown, f"no columns {unknown}; there are {list(FURTHER_COLUMNS)}")
    good = plan.search_metric in SEARCH_METRICS
    require(
        good,
        f"search_metric must be one of {list(SEARCH_METRICS)}, got "
        f"{plan.search_metric!r}",
    )


def _read_comparisons(
    place: str, compare: object, rows: Mapping[str, Row]
) -> dict[str, list[str]]:
    """Make a list of the references of each row, all of them names of rows."""
    require(isinstance(compare, dict), f"{place}: compare must be a dict of row names")
    read = {}
    for name, references in compare.items():
        read[name] = references if isinstance(references, list) else [references]
        unknown = [x for x in (name, *read[name]) if x not in rows]
        require(not unknown, f"{place}: compare has {unknown}, no rows: {list(rows)}")
        good = name not in read[name]
        require(good, f"{place}: compare has {name!r} against itself")
    return read
