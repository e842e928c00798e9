import pytest

from lpt_mm.engine.hooks.settings_check_hook import PIPELINE
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


CROPS = {"test_cfg.type": "EnsembleTestLoop"}


def test_a_row_may_test_what_another_one_trained(plan, tmp_path):
    rows = {"a": dict(config=PHASE1), "b": dict(tests="a", options=CROPS)}
    trained, tests = plan(rows=rows, seeds=[0]).rows
    assert (trained.source, trained.trains) == (trained, True)
    assert (tests.source, tests.trains, tests.needs) == (trained, False, trained)
    changed = {k for k, v in tests.settings.items() if trained.settings[k] != v}
    assert changed == {"test_cfg", "default_hooks"}
    assert tests.settings["test_cfg"]["type"] == "EnsembleTestLoop"
    options = CROPS | {"default_hooks.settings_check.allow": [PIPELINE]}
    again = plan(rows={"a": dict(config=PHASE1, options=options)}, seeds=[0]).rows[0]
    assert again.settings == tests.settings  # but trained by itself
    folders = {row.folder(tmp_path, Repeat(0)) for row in (trained, tests, again)}
    assert len(folders) == 3
    grid = {"val_dataloader.batch_size": [1, 2]}
    rows["c {}"] = dict(tests="a", grid=grid)
    del rows["b"]
    assert len(plan(rows=rows, seeds=[0], split="val").rows) == 3


def test_folds_are_run_with_each_seed(plan, tmp_path):
    row = dict(config=PHASE1, options=dict(fold=0))
    made = plan(rows={"a": row}, seeds=[0, 5], folds=[1, 2])
    assert [*map(str, made.repeats)] == [
        f"fold {fold}, seed {seed}" for fold in (1, 2) for seed in (0, 5)
    ]
    last = made.repeats[-1]
    assert made.rows[0].folder(tmp_path, last).name == "fold_2_seed_5"
    settings = made.rows[0].settings_of(last)
    assert (settings["fold"], settings["randomness"]["seed"]) == (2, 5)
    assert made.rows[0].settings["fold"] == 0
    unfolded = plan(rows={"a": row}, seeds=[5])
    assert unfolded.rows[0].settings_of(unfolded.repeats[0])["fold"] == 0
    assert unfolded.rows[0].folder(tmp_path, unfolded.repeats[0]).name == "seed_5"
    spreads = [made.spread, unfolded.spread]
    spreads.append(plan(rows={"a": row}, seeds=[0], folds=[1, 2]).spread)
    assert spreads == ["folds x seeds", "seeds", "folds"]


def test_a_row_may_have_several_references(plan):
    rows = {name: dict(config=PHASE1) for name in "abc"}
    made = plan(rows=rows, seeds=[0], compare={"b": "a", "c": ["a", "b"]})
    assert made.compare == {"b": ["a"], "c": ["a", "b"]}


LR = "optim_wrapper.optimizer.lr"
A = {"a": dict(config=PHASE1)}


@pytest.mark.parametrize(
    ("more", "options", "message"),
    [
        (dict(tests="x"), {}, "row 'b': tests 'x' is no earlier row"),
        (dict(tests="a", config=PHASE1), {}, r"row 'b' has unknown \['config'\]"),
        (
            dict(tests="a", options={LR: 1, "test_cfg.x": 1}),
            {},
            r"can change \['test_cfg', 'test_dataloader', 'test_evaluator'\] alone, "
            rf"not \['{LR}'\]",
        ),
        (
            dict(tests="a", options={"test_dataloader.x": 1}),
            dict(split="val"),
            r"'val_dataloader', 'val_evaluator'\] alone, not \['test_dataloader.x'\]",
        ),
        (dict(config=PHASE1, search={LR: 0.1}), {}, f"no list of values for '{LR}'"),
        (dict(config=PHASE1, search=[LR]), {}, "search must be a dict"),
        (
            dict(config=PHASE1, search={LR: [1]}, options={LR: 1}),
            {},
            f"'{LR}' has a value of its own",
        ),
        (dict(config=PHASE1), dict(folds=[0]), "row 'a': its config has no fold"),
        (dict(config=PHASE1), dict(folds=2), "folds must be a list, got 2"),
        (dict(config=PHASE1), dict(folds=[0, 0]), "folds must be different whole"),
        (dict(config=PHASE1), dict(columns=["ec"]), r"no columns \['ec'\]; there are"),
        (
            dict(config=PHASE1),
            dict(compare={"b": "c"}),
            r"compare has \['c'\], no rows",
        ),
        (dict(config=PHASE1), dict(compare={"b": "b"}), "'b' against itself"),
        (dict(config=PHASE1), dict(compare=["b"]), "compare must be a dict"),
        (
            dict(config=PHASE1),
            dict(search_metric="ece"),
            "search_metric must be one of",
        ),
    ],
)
def test_refuses_rows_and_tables_that_cannot_be(plan, more, options, message):
    with pytest.raises(ValueError, match=message):
        plan(rows=A | {"b": more}, seeds=[0], **options)


def test_a_row_that_tests_is_not_started_from_nor_tested(plan):
    rows = A | {"b": dict(tests="a", options=CROPS)}
    with pytest.raises(ValueError, match="tests 'b' has no runs of its own"):
        plan(rows=rows | {"c": dict(tests="b")}, seeds=[0])
    with pytest.raises(ValueError, match="its phase1 trains nothing"):
        plan(rows=rows | {"c": dict(config=PHASE2, phase1="b")}, seeds=[0])


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
