"""What a sweep file declares: rows of a table, each a config with options."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path

from mmengine.config import Config

from lpt_mm.engine.hooks.config_check_hook import HELPERS
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable

ROW_KEYS = {"config", "options", "grid", "phase1"}
PLAN_KEYS = {"seeds", "rows", "split", "speed"}
SPLITS = ("test", "val")


@dataclass(frozen=True, eq=False)
class Row:
    """A row of the table: one config, run with several seeds."""

    name: str
    config: str  # path
    options: Mapping[str, object] = field(default_factory=dict)  # values by key
    phase1: "Row | None" = None  # whose checkpoint it starts from

    @cached_property
    def settings(self) -> dict[str, object]:
        """All settings of a run but its seed."""
        cfg = Config.fromfile(self.config)
        cfg.merge_from_dict(dict(self.options))
        return {k: v for k, v in cfg.to_dict().items() if k not in HELPERS}

    def folder(self, root: Path, seed: int) -> Path:
        """Name the folder of a run: one for these settings, whatever the row's name."""
        return root / f"{Path(self.config).stem}-{self._fingerprint}" / f"seed_{seed}"

    @cached_property
    def _fingerprint(self) -> str:
        start = self.phase1._fingerprint if self.phase1 else None
        content = json.dumps([self.settings, start], sort_keys=True, default=str)
        return hashlib.sha256(content.encode()).hexdigest()[:10]


@dataclass(frozen=True)
class Plan:
    """A table to make."""

    name: str
    rows: list[Row]  # a phase 1 before what starts from it
    seeds: list[int]
    split: str = "test"  # or "val"
    speed: bool = False  # whether to measure the models' speed, too

    def reports(self, root: Path, row: Row) -> dict[int, Path]:
        """Name the file of the report of each seed of a row."""
        return {s: row.folder(root, s) / f"{self.split}.json" for s in self.seeds}


def read_plan(path: str) -> Plan:
    """Read a sweep file.

    It is a Python file with ``rows``, a dict of ``dict(config=...)`` by name, and
    ``seeds``. A row may have ``options``, config values by key; ``grid``, lists of such
    values, each combination of which becomes a row, with the values in the place of
    each ``{}`` in its name; and ``phase1``, the name of an earlier row whose checkpoint
    it starts from. Further variables are ``split`` and ``speed``, see :class:`Plan`.
    What is missing is a ``FileNotFoundError``, and anything else a ``ValueError``.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no sweep file {path!r}")
    content, place = Config.fromfile(path).to_dict(), printable(path)
    declared = {k: v for k, v in content.items() if not k.startswith("_")}
    unknown, known = sorted(set(declared) - PLAN_KEYS), sorted(PLAN_KEYS)
    _require(
        not unknown,
        f"{place}: unknown {unknown}; a sweep file has {known}, and names of its own "
        "begin with _",
    )
    for key, kind in (("rows", dict), ("seeds", list)):
        good = declared.get(key) and isinstance(declared[key], kind)
        _require(good, f"{place}: {key} must be a {kind.__name__}, and not empty")
    rows: dict[str, Row] = {}
    for name, row in declared.pop("rows").items():
        for made in _read_rows(f"{place}: row {name!r}", name, row, rows):
            taken = made.name in rows
            _require(not taken, f"{place}: two rows are called {made.name!r}")
            rows[made.name] = made
    plan = Plan(Path(path).stem, list(rows.values()), **declared)
    good = plan.split in SPLITS
    _require(good, f"{place}: split must be one of {SPLITS}, got {plan.split!r}")
    return plan


def _require(good: object, message: str) -> None:
    if not good:
        raise UserError(message)


def _read_rows(place: str, name: str, row: dict, earlier: dict[str, Row]) -> list[Row]:
    """Make the rows of an entry, one for each combination of its grid."""
    _require(isinstance(name, str), f"{place}: the name of a row must be a str")
    _require(isinstance(row, dict), f"{place} must be a dict, got {row!r}")
    unknown, known = sorted(set(row) - ROW_KEYS), sorted(ROW_KEYS)
    _require("config" in row, f"{place} has no config; keys: {known}")
    _require(not unknown, f"{place} has unknown {unknown}; keys: {known}")
    if not Path(row["config"]).is_file():
        raise FileNotFoundError(f"{place}: no config {row['config']!r}")
    phase1, grid = row.get("phase1"), row.get("grid", {})
    good = phase1 is None or phase1 in earlier
    _require(good, f"{place}: phase1 {phase1!r} is no earlier row")
    needs = f"needs a {{}} in its name for each of the {len(grid)} keys of its grid"
    _require(name.count("{}") == len(grid), f"{place} {needs}")
    rows = []
    for values in product(*grid.values()):
        options = row.get("options", {}) | dict(zip(grid, values, strict=True))
        start = earlier.get(phase1)
        made = Row(_fill(name, values), row["config"], options, start)
        _require(
            (made.settings.get("phase1_work_dir") is None) == (start is None),
            f"{place} must name its phase1, the row that it starts from, if its config "
            "has a phase1_work_dir, and only then",
        )
        trains = start is None or start.settings.get("train_cfg") is not None
        _require(trains, f"{place}: its phase1 trains nothing")
        rows.append(made)
    return rows


def _fill(name: str, values: Sequence[object]) -> str:
    """Put values in the places of ``{}``; other braces are part of the name."""
    first, *others = name.split("{}")
    return first + "".join(f"{v}{x}" for v, x in zip(values, others, strict=True))
