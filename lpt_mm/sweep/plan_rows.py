"""What a sweep file declares of a row."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

from lpt_mm.sweep.row import Row
from lpt_mm.utils.errors import require

ROW_KEYS = {"config", "options", "grid", "phase1", "search"}
TEST_ROW_KEYS = {"tests", "options", "grid"}


def read_rows(
    place: str, name: str, row: dict, earlier: Mapping[str, Row], split: str
) -> list[Row]:
    """Make the rows of an entry, one for each combination of its grid.

    An entry has ``config``, and may have ``options``, config values by key; ``grid``,
    lists of such values, each combination of which becomes a row, with the values in
    the place of each ``{}`` in its name; ``phase1``, the name of an earlier row whose
    checkpoint it starts from; and ``search``, lists of values to choose from on the
    validation set. One with ``tests``, the name of an earlier row, instead of
    ``config`` tests that row's checkpoints, by other ``options`` of the test.

    Args:
        place: Where it stands, for messages.
        name: Of the entry.
        row: The entry.
        earlier: Rows by name.
        split: What is tested on.

    Returns:
        The rows.

    Raises:
        FileNotFoundError: If there is no such config.
        UserError: If it is no row.
    """
    require(isinstance(name, str), f"{place}: the name of a row must be a str")
    require(isinstance(row, dict), f"{place} must be a dict, got {row!r}")
    good = "config" in row or "tests" in row
    require(good, f"{place} has no config; keys: {sorted(ROW_KEYS)}")
    known = TEST_ROW_KEYS if "tests" in row else ROW_KEYS
    unknown = sorted(set(row) - known)
    require(not unknown, f"{place} has unknown {unknown}; keys: {sorted(known)}")
    for key in ("options", "grid", "search"):
        good = isinstance(row.get(key, {}), dict)
        require(good, f"{place}: {key} must be a dict, got {row.get(key)!r}")
    grid = row.get("grid", {})
    needs = f"needs a {{}} in its name for each of the {len(grid)} keys of its grid"
    require(name.count("{}") == len(grid), f"{place} {needs}")
    rows = []
    for values in product(*grid.values()):
        options = row.get("options", {}) | dict(zip(grid, values, strict=True))
        one = dict(row, name=_fill(name, values), options=options)
        if "tests" in row:
            rows.append(_read_test_row(place, one, earlier, split))
        else:
            rows.append(_read_trained_row(place, one, earlier))
    return rows


def _read_trained_row(place: str, row: dict, earlier: Mapping[str, Row]) -> Row:
    """Make a row that has runs of its own."""
    if not Path(row["config"]).is_file():
        raise FileNotFoundError(f"{place}: no config {row['config']!r}")
    start, search = _find(place, row, "phase1", earlier), row.get("search", {})
    for key, values in search.items():
        good = isinstance(values, list) and values
        require(good, f"{place}: search has no list of values for {key!r}")
        require(key not in row["options"], f"{place}: {key!r} has a value of its own")
    made = Row(row["name"], row["config"], row["options"], phase1=start, search=search)
    require(
        (made.settings.get("phase1_work_dir") is None) == (start is None),
        f"{place} must name its phase1, the row that it starts from, if its config "
        "has a phase1_work_dir, and only then",
    )
    trains = start is None or start.trains
    require(trains, f"{place}: its phase1 trains nothing")
    return made


def _read_test_row(
    place: str, row: dict, earlier: Mapping[str, Row], split: str
) -> Row:
    """Make a row that tests the checkpoints of another one."""
    tested = _find(place, row, "tests", earlier)
    good = tested is not None and tested.tests is None
    require(good, f"{place}: tests {row['tests']!r} has no runs of its own to test")
    read = {"test_cfg", f"{split}_dataloader", f"{split}_evaluator"}
    other = sorted(key for key in row["options"] if key.split(".")[0] not in read)
    require(
        not other,
        f"{place} tests what is trained already, and can change {sorted(read)} alone, "
        f"not {other}",
    )
    return Row(row["name"], tested.config, row["options"], tests=tested)


def _find(place: str, row: dict, key: str, earlier: Mapping[str, Row]) -> Row | None:
    """Find the row that another one needs, if any."""
    name = row.get(key)
    good = name is None or name in earlier
    require(good, f"{place}: {key} {name!r} is no earlier row")
    return earlier.get(name)


def _fill(name: str, values: Sequence[object]) -> str:
    """Put values in the places of ``{}``; other braces are part of the name."""
    first, *others = name.split("{}")
    return first + "".join(f"{v}{x}" for v, x in zip(values, others, strict=True))
