"""The script of docs/guide/use.md, from a clone to answers."""

import csv
import json

from tests.docs_pages import blocks
from tests.programs import quick_environment
from tests.test_setup import repository, shorten  # noqa: F401 (a fixture)

PAGE = "docs/guide/use.md"


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_script_goes_from_a_clone_to_answers(repository, run_tool):  # noqa: F811
    (block,) = (
        b for b in blocks(PAGE) if b.mark == "tested" and "quickstart" in b.text
    )
    quickstart = f"bash tools/quickstart.sh {shorten(repository)}"
    script = block.text.replace("bash tools/quickstart.sh", quickstart)
    pictures = repository / "work_dirs" / "quickstart" / "pictures"
    pictures.mkdir(parents=True)
    (pictures / "accuracy_over_frequency.png").write_text("of an earlier time")
    (repository / "answers.sh").write_text(f"set -euo pipefail\n{script}")
    out = run_tool("bash", "answers.sh", timeout=900)

    assert f"environment: the active one, {quick_environment()}" in out
    rows = [" linear probe ", " VPT-deep ", " phase 1 ", " phase 2 ", "Gain in points"]
    places = [out.index(row) for row in rows]
    assert places == sorted(places)
    assert (pictures / "accuracy_over_frequency.png").stat().st_size > 10_000
    for report in repository.glob("work_dirs/quickstart/runs/*/seed_0/test.json"):
        overall = json.loads(report.read_text())["long_tail/overall"]
        assert f" {overall:.2f} " in out

    answers = rows_of(repository / "answers.csv")
    assert [row["path"] for row in answers] == [
        f"new_digits/{i:04d}.png" for i in range(1797)
    ]
    first = answers[0]["name"]
    assert f"('{first}', " in out
    assert f"onnxruntime: {first}" in out
    assert (repository / "sheets" / "least_certain.png").exists()
    both = rows_of(repository / "both.csv")
    of_phase2 = [row for row in both if row["task"] == "phase2"]
    assert len(both) == 2 * 1797
    assert [row["name"] for row in of_phase2] == [row["name"] for row in answers]
    assert "phase2_digits_lt" in (repository / "report.html").read_text()
