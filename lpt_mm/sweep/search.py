"""Settings of rows, chosen on validation images."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import NamedTuple

from lpt_mm.evaluation.report import read_report
from lpt_mm.sweep.plan import Plan
from lpt_mm.sweep.row import Row
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import replace_file
from lpt_mm.utils.text import for_markdown, printable
from lpt_mm.weights.facts import is_number


class Choice(NamedTuple):
    """What was tried for a row, and what came of it."""

    row: Row  # as it is declared
    tried: list[dict[str, object]]  # values by key
    scores: list[float | None]  # None where a run failed
    best: int

    def warnings(self) -> list[str]:
        """Tell which of the best values have none on one side that was tried."""
        found = []
        for key, values in self.row.search.items():
            if len(values) < 2 or not all(map(is_number, values)):
                continue
            ends = {
                min(values): ("smallest", "smaller"),
                max(values): ("largest", "larger"),
            }
            if (value := self.tried[self.best][key]) in ends:
                end, beyond = ends[value]
                found.append(
                    f"{self.row.name}: the best {key}, {value}, is the {end} that was "
                    f"tried, a {beyond} one may be better"
                )
        return found


def settle(
    plan: Plan, root: Path, run: Callable[[Plan], list[str]] = lambda trial: []
) -> tuple[Plan, list[Choice], list[str]]:
    """Choose the settings that rows search for, before those of rows that need them.

    Each combination is trained with the first seed, on the first fold, and tested on
    the validation set alone. The first one with the best ``search_metric`` is chosen.

    Args:
        plan: The plan as it is declared.
        root: Where its runs are.
        run: Does the runs of a plan that are not done yet, and says what failed; by
            default nothing is run.

    Returns:
        A plan whose rows have the chosen options and no search; the choices; and what
        failed.

    Raises:
        UserError: If no run of a search is done.
    """
    settled: dict[Row, Row] = {}
    choices: list[Choice] = []
    failures: list[str] = []
    if not any(row.search for row in plan.rows):
        return plan, choices, failures
    while len(settled) < len(plan.rows):
        waiting = [row for row in plan.rows if row not in settled]
        ready = [row for row in waiting if row.needs is None or row.needs in settled]
        tried = {row: _candidates(row, settled) for row in ready}
        searched = {row: made for row, made in tried.items() if row.search}
        trial = _trial(plan, [made for own in searched.values() for made in own])
        if searched:
            failures += run(trial)
        for row, candidates in tried.items():
            best = 0
            if row in searched:
                choices.append(_choose(trial, root, row, candidates, failures))
                best = choices[-1].best
            settled[row] = replace(candidates[best], name=row.name)
    rows = [settled[row] for row in plan.rows]
    return replace(plan, rows=rows), choices, failures


def _candidates(row: Row, settled: Mapping[Row, Row]) -> list[Row]:
    """Make a row of each combination of the values that it searches among."""
    made = []
    for values in _combinations(row):
        told = ", ".join(f"{key}={value}" for key, value in values.items())
        new = replace(
            row,
            name=f"{row.name}, {told}",
            options={**row.options, **values},
            phase1=row.phase1 and settled[row.phase1],
            tests=row.tests and settled[row.tests],
            search={},
        )
        made.append(new)
    return made


def _combinations(row: Row) -> list[dict[str, object]]:
    every = product(*row.search.values())
    return [dict(zip(row.search, values, strict=True)) for values in every]


def _trial(plan: Plan, candidates: list[Row]) -> Plan:
    """Make a plan of candidates and of what they start from, without test images."""
    rows: dict[Row, None] = {}
    for row in candidates:
        chain = [row]
        while chain[0].needs is not None:
            chain.insert(0, chain[0].needs)
        rows |= dict.fromkeys(chain)
    return Plan(
        f"{plan.name}, search",
        list(rows),
        list(plan.seeds[:1]),
        plan.folds[:1],
        split="val",
        search_metric=plan.search_metric,
    )


def _choose(
    trial: Plan, root: Path, row: Row, candidates: list[Row], failures: list[str]
) -> Choice:
    """Read how the candidates did on the validation set."""
    scores: list[float | None] = []
    for candidate in candidates:
        (report,) = trial.reports(root, candidate).values()
        found = read_report(report) if report.is_file() else {}
        scores.append(found.get(f"long_tail/{trial.search_metric}"))
    done = [score for score in scores if score is not None]
    if not done:
        own = [x for x in failures if x.startswith(printable(row.name))]
        why = own[0] if own else "first run tools/analysis_tools/sweep.py"
        raise UserError(
            f"{printable(row.name)}: none of the {len(scores)} runs of its search is "
            f"done: {why}"
        )
    return Choice(row, _combinations(row), scores, scores.index(max(done)))


def write_choices(plan: Plan, choices: list[Choice], out: Path) -> Path:
    """Write what was tried and what was chosen to ``chosen.md``, which is returned."""
    text = (
        f"Tried with {plan.repeats[0]}, and chosen by {plan.search_metric} on its "
        "validation images; none of its test images was read.\n"
    )
    for choice in choices:
        keys = list(choice.row.search)
        lines = [["", *map(for_markdown, keys), plan.search_metric, ""]]
        lines.append(["---", *["---:"] * (len(keys) + 1), "---"])
        for place, (values, score) in enumerate(
            zip(choice.tried, choice.scores, strict=True)
        ):
            cells = [for_markdown(choice.row.name), *map(for_markdown, values.values())]
            cells.append("failed" if score is None else f"{score:.2f}")
            lines.append([*cells, "chosen" if place == choice.best else ""])
        text += "\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
        text += "".join(f"\n**{for_markdown(x)}**\n" for x in choice.warnings())
    replace_file(out / "chosen.md", text.encode())
    return out / "chosen.md"
