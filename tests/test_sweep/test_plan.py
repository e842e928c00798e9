import pytest

from lpt_mm.sweep.plan import read_plan
from lpt_mm.sweep.row import Repeat
from tests.conftest import ROOT

PHASE1 = str(ROOT / "configs" / "lpt" / "phase1_digits_lt.py")
PHASE2 = str(ROOT / "configs" / "lpt" / "phase2_digits_lt.py")
KNN = str(ROOT / "configs" / "baselines" / "knn_digits_lt.py")
AFTER_A = dict(config=PHASE2, phase1="a")
TWICE = dict(config=PHASE1, grid={"work_dir": ["a"]})


@pytest.fixture
def plan(tmp_path):
    def read(**content):
        file = tmp_path / "sweep.py"
        file.write_text("".join(f"{k} = {v!r}\n" for k, v in content.items()))
        return read_plan(str(file))

    return read


def test_a_grid_becomes_rows(plan):
    grid = {"model.neck.topk": [1, 2], "model.neck.pool_size": [5, 10]}
    options = {"train_cfg.max_epochs": 3}
    rows = dict(
        first=dict(config=PHASE1),
    )
    row = dict(config=PHASE2, grid=grid, options=options, phase1="first")
    made = plan(rows=rows | {"k = {}, m = {}": row}, seeds=[0]).rows
    assert [row.name for row in made] == [
        "first",
        "k = 1, m = 5",
        "k = 1, m = 10",
        "k = 2, m = 5",
        "k = 2, m = 10",
    ]
    last = made[-1].settings
    assert (last["model"]["neck"]["topk"], last["train_cfg"]["max_epochs"]) == (2, 3)
    assert all(row.phase1 is made[0] for row in made[1:])


def test_a_name_may_have_braces(plan):
    row = dict(config=PHASE1, grid={"work_dir": ["{}", "b"]})
    rows = {"{k}: {}}": row, "{0}": dict(config=PHASE1)}
    names = [row.name for row in plan(rows=rows, seeds=[0]).rows]
    assert names == ["{k}: {}}", "{k}: b}", "{0}"]


def test_equal_runs_share_a_folder_and_others_do_not(plan, tmp_path):
    longer = {"train_cfg.max_epochs": 7}
    rows = dict(
        a=dict(config=PHASE1),
        again=dict(config=PHASE1, options={"model.backbone.prompt_length": 1}),
        longer=dict(config=PHASE1, options=longer),
        after_a=dict(config=PHASE2, phase1="a"),
        after_longer=dict(config=PHASE2, phase1="longer"),
    )
    folders = [
        row.folder(tmp_path, Repeat(0)) for row in plan(rows=rows, seeds=[0]).rows
    ]
    assert folders[0] == folders[1]
    assert len(set(folders)) == 4
    again = plan(rows=rows, seeds=[0]).rows[0]
    assert folders[0] == again.folder(tmp_path, Repeat(0))
    assert folders[0] != again.folder(tmp_path, Repeat(1))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (dict(rows={"a": dict(config=PHASE1)}), "seeds must be a list, and not empty"),
        (dict(rows={"a": dict(conf=PHASE1)}, seeds=[0]), "row 'a' has no config"),
        (dict(rows={"a": dict(config=PHASE1, x=1)}, seeds=[0]), r"unknown \['x'\]"),
        (dict(rows={"a": dict(config=PHASE1)}, seeds=3), "seeds must be a list"),
        (dict(rows={"a": PHASE1}, seeds=[0]), "row 'a' must be a dict, got"),
        (dict(rows={"a": dict(config=PHASE2)}, seeds=[0]), "must name its phase1"),
        (
            dict(rows={"a": dict(config=KNN), "b": AFTER_A}, seeds=[0]),
            "row 'b': its phase1 trains nothing",
        ),
        (
            dict(rows={"a": dict(config=PHASE1), "{}": TWICE}, seeds=[0]),
            "two rows are called 'a'",
        ),
        (dict(rows={}, seeds=[0], seed=1), r"unknown \['seed'\]"),
        (
            dict(rows={"a": dict(config=PHASE2, phase1="b")}, seeds=[0]),
            "phase1 'b' is no earlier row",
        ),
        (dict(rows={"a": dict(config=PHASE1)}, seeds=[0], split="train"), "'train'"),
        (
            dict(rows={"a": dict(config=PHASE1, grid={"x": [1]})}, seeds=[0]),
            r"row 'a' needs a {} in its name for each of the 1 keys",
        ),
    ],
)
def test_refuses_what_it_does_not_know(plan, content, message):
    with pytest.raises(ValueError, match=message):
        plan(**content)


def test_names_files_that_are_not_there(plan):
    with pytest.raises(FileNotFoundError, match="no sweep file"):
        read_plan("nowhere.py")
    with pytest.raises(FileNotFoundError, match=r"row 'a': no config 'x\.py'"):
        plan(rows={"a": dict(config="x.py")}, seeds=[0])
