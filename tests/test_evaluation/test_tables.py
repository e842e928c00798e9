from lpt_mm.evaluation.tables import print_tables

REPORT = {
    "long_tail/overall": 60.0,
    "long_tail/few": 40.0,
    "long_tail/mean_class": 50.0,
}


def rows(output):
    """Read the cells of the rows that have any."""
    lines = [line.split("│")[1:-1] for line in output.splitlines() if "│" in line]
    return [[cell.strip() for cell in line] for line in lines]


def test_table_leaves_out_what_is_unknown(capsys):
    print_tables({"mine": REPORT}, "the convention")
    out = capsys.readouterr().out
    assert "the convention" in out
    assert rows(out) == [["mine", "60.00", "-", "-", "40.00", "50.00"]]


def test_intervals_and_further_metrics_of_those_that_have_them(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    intervals = {"overall": [57.54, 62.46], "few": [30.0, 50.0]}
    further = {"long_tail/macro_f1": 55.5, "long_tail/ece_few": 7.25}
    print_tables(
        {"old": REPORT, "new": REPORT | further | {"intervals": intervals}}, ""
    )
    assert rows(capsys.readouterr().out) == [
        ["old", "60.00", "-", "-", "40.00", "50.00"],
        ["new", "60.00", "-", "-", "40.00", "50.00"],
        ["95 % interval", "57.5 - 62.5", "-", "-", "30.0 - 50.0", "-"],
        ["old", "-", "-"],
        ["new", "55.50", "7.25"],
    ]
