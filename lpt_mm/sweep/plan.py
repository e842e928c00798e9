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
    """A row of the table: one config, run with several seeds.

    Args:
        name: What it is called in the table.
        config: Path of the config.
        options: Config values to change, by key.
        phase1: The row whose checkpoint it starts from.
    """

    name: str
    config: str
    options: Mapping[str, object] = field(default_factory=dict)
    phase1: "Row | None" = None

    @cached_property
    def settings(self) -> dict[str, object]:
        """All settings of a run but its seed."""
        cfg = Config.fromfile(self.config)
        cfg.merge_from_dict(dict(self.options))
        return {k: v for k, v in cfg.to_dict().items() if k not in HELPERS}

    def folder(self, root: Path, seed: int) -> Path:
        """Name the folder of a run, the same for all rows and sweeps that need it.

        Args:
            root: Folder of all runs.
            seed: Seed of the run.

        Returns:
            A folder for these settings and this phase 1, whatever the row is called.
        """
        return root / f"{Path(self.config).stem}-{self._fingerprint}" / f"seed_{seed}"

    @cached_property
    def _fingerprint(self) -> str:
        start = self.phase1._fingerprint if self.phase1 else None
        content = json.dumps([self.settings, start], sort_keys=True, default=str)
        return hashlib.sha256(content.encode()).hexdigest()[:10]


@dataclass(frozen=True)
class Plan:
    """A table to make.

    Args:
        name: Name of the sweep file.
        rows: Its rows, a phase 1 before what starts from it.
        seeds: Seeds of each row.
        split: What to test on, ``'test'`` or ``'val'``.
        speed: Whether to measure the speed of the models, too.
    """

    name: str
    rows: list[Row]
    seeds: list[int]
    split: str = "test"
    speed: bool = False


def read_plan(path: str) -> Plan:
    """Read a sweep file.

    Args:
        path: A Python file with ``rows``, a dict of ``dict(config=...)`` by name, and
            ``seeds``. A row may have ``options``, config values by key; ``grid``, lists
            of such values, each combination of which becomes a row, with the values in
            the place of each ``{}`` in its name; and ``phase1``, the
            name of an earlier row whose checkpoint it starts from. Further variables
            are ``split`` and ``speed``, see :class:`Plan`.

    Returns:
        The plan.

    Raises:
        FileNotFoundError: If the file or a config does not exist.
        UserError: If it declares something else.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no sweep file {path!r}")
    content = Config.fromfile(path).to_dict()
    place = printable(path)
    declared = {k: v for k, v in content.items() if not k.startswith("_")}
    if unknown := set(declared) - PLAN_KEYS:
        raise UserError(
            f"{place}: unknown {sorted(unknown)}; a sweep file has "
            f"{sorted(PLAN_KEYS)}, and names of its own begin with _"
        )
    for key, kind in (("rows", dict), ("seeds", list)):
        if not declared.get(key) or not isinstance(declared[key], kind):
            raise UserError(f"{place}: {key} must be a {kind.__name__}, and not empty")
    rows: dict[str, Row] = {}
    for name, row in declared["rows"].items():
        for made in _read_rows(place, name, row, rows):
            if made.name in rows:
                raise UserError(f"{place}: two rows are called {made.name!r}")
            _require_phase1(place, made)
            rows[made.name] = made
    settings = {key: value for key, value in declared.items() if key != "rows"}
    plan = Plan(Path(path).stem, list(rows.values()), **settings)
    if plan.split not in SPLITS:
        raise UserError(f"{place}: split must be one of {SPLITS}, got {plan.split!r}")
    return plan


def _require_phase1(place: str, row: Row) -> None:
    """Refuse a start from nowhere, or from what the config does not start from."""
    if (row.settings.get("phase1_work_dir") is None) != (row.phase1 is None):
        raise UserError(
            f"{place}: row {row.name!r} must name its phase1, the row that it starts "
            "from, if its config has a phase1_work_dir, and only then"
        )
    if row.phase1 and row.phase1.settings.get("train_cfg") is None:
        raise UserError(f"{place}: row {row.name!r}: its phase1 trains nothing")


def _read_rows(place: str, name: str, row: dict, earlier: dict[str, Row]) -> list[Row]:
    """Make the rows of an entry, one for each combination of its grid."""
    if not isinstance(name, str):
        raise UserError(f"{place}: the name of a row must be a str, got {name!r}")
    if not isinstance(row, dict):
        raise UserError(f"{place}: row {name!r} must be a dict, got {row!r}")
    if "config" not in row or (unknown := set(row) - ROW_KEYS):
        what = "no config" if "config" not in row else f"unknown {sorted(unknown)}"
        raise UserError(f"{place}: row {name!r} has {what}; keys: {sorted(ROW_KEYS)}")
    if not Path(row["config"]).is_file():
        raise FileNotFoundError(f"{place}: row {name!r}: no config {row['config']!r}")
    phase1 = row.get("phase1")
    if phase1 is not None and phase1 not in earlier:
        raise UserError(f"{place}: row {name!r}: phase1 {phase1!r} is no earlier row")
    grid = row.get("grid", {})
    if name.count("{}") != len(grid):
        raise UserError(
            f"{place}: row {name!r} needs a {{}} in its name for each of the "
            f"{len(grid)} keys of its grid"
        )
    return [
        Row(
            _fill(name, values),
            row["config"],
            {**row.get("options", {}), **dict(zip(grid, values, strict=True))},
            earlier.get(phase1),
        )
        for values in product(*grid.values())
    ]


def _fill(name: str, values: Sequence[object]) -> str:
    """Put values in the places of ``{}``; other braces are part of the name."""
    first, *others = name.split("{}")
    return first + "".join(f"{v}{x}" for v, x in zip(values, others, strict=True))
