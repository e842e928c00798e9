import pytest
from PIL import Image

from lpt_mm.sweep.plan import read_plan
from tests.conftest import ROOT
from tests.docs_pages import files

SWEEP = ROOT / "tools" / "analysis_tools" / "sweep.py"
DRAW = ROOT / "tools" / "analysis_tools" / "draw_sweep.py"
KNN = str(ROOT / "configs" / "baselines" / "knn_digits_lt.py")
PIPELINE = "test_dataloader.dataset.pipeline"
MIRRORED = [dict(type="RandomFlip", prob=1.0), dict(type="PackInputs")]
CONTENT = dict(
    seeds=[0],
    rows={
        "K-NN": dict(config=KNN, search={"model.head.num_neighbors": [300, 20, 3]}),
        "mirrored": dict(tests="K-NN", options={PIPELINE: MIRRORED}),
    },
    compare={"mirrored": "K-NN"},
    columns=["ece"],
)


def write(path, **content):
    path.write_text("".join(f"{k} = {v!r}\n" for k, v in content.items()))


def test_a_sweep_chooses_tests_compares_and_draws(run_here, tmp_path):
    write(tmp_path / "mine.py", **CONTENT)
    said = run_here(SWEEP, "mine.py", "--processes", "2")
    assert "Row minus reference" in said
    out = tmp_path / "work_dirs" / "sweeps" / "mine"
    assert {file.name for file in out.iterdir()} == {
        *("chosen.md", "differences.md", "results.csv", "table.md")
    }
    runs = out.parent / "runs"
    assert len(list(runs.glob("*/seed_0/val.json"))) == 3
    assert len(list(runs.glob("*/seed_0/test.json"))) == 2  # of what was chosen alone
    chosen = (out / "chosen.md").read_text().splitlines()[4:7]
    scores = [float(line.split(" | ")[2]) for line in chosen]
    assert "chosen" in chosen[scores.index(max(scores))]
    assert "| overall | " in (out / "differences.md").read_text()

    run_here(DRAW, "mine.py")
    assert min(Image.open(out / "differences.png").size) > 200
    assert "differences.png' exists" in run_here(DRAW, "mine.py", fails=True)


def test_there_is_something_to_draw(run_here, tmp_path):
    write(tmp_path / "mine.py", **{k: v for k, v in CONTENT.items() if k != "compare"})
    assert "nothing to draw: name --rows" in run_here(DRAW, "mine.py", fails=True)


def test_the_page_shows_a_sweep(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    ((_, text),) = files("docs/guide/sweeps.md").items()
    (file := tmp_path / "mine.py").write_text(text)
    assert [row.name for row in read_plan(str(file)).rows if row.search] == [
        "phase 1",
        "phase 1, epochs of both",
        "phase 2",
    ]


@pytest.mark.parametrize("command", [(SWEEP,), (DRAW, "--rows", "K-NN")])
def test_a_reference_that_is_no_row_ends_in_a_line(run_here, tmp_path, command):
    write(tmp_path / "mine.py", **CONTENT | dict(compare={"K-NN": "LPT"}))
    tool, *more = command
    said = run_here(tool, "mine.py", *more, fails=True)
    assert said.endswith("compare has ['LPT'], no rows: ['K-NN', 'mirrored']")
    assert not (tmp_path / "work_dirs").exists()
