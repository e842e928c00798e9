from lpt_mm.evaluation.tables import CLASS_COLUMNS, COLUMNS, ECE_COLUMNS, print_tables

REPORT = {
    "long_tail/overall": 60.0,
    "long_tail/few": 40.0,
    "long_tail/mean_class": 50.0,
}


def rows(output):
    """Read the cells of the rows that have any."""
    lines = [line.split("│") for line in output.splitlines() if "│" in line]
    return [[cell.strip() for cell in line] for line in lines]


def test_table_leaves_out_what_is_unknown(capsys):
    print_tables({"mine": REPORT}, "the convention")
    out = capsys.readouterr().out
    assert "the convention" in out
    assert rows(out) == [["mine", "60.00", "-", "-", "40.00", "50.00"]]


def test_intervals_and_further_metrics_of_those_that_have_them(capsys):
    intervals = {"overall": [57.54, 62.46], "few": [30.0, 50.0]}
    further = {"long_tail/macro_f1": 55.5, "long_tail/ece_few": 7.25}
    print_tables(
        {"old": REPORT, "new": REPORT | further | {"intervals": intervals}}, ""
    )
    assert rows(capsys.readouterr().out) == [
        ["old", "60.00", "-", "-", "40.00", "50.00"],
        ["new", "60.00", "-", "-", "40.00", "50.00"],
        ["95 % interval", "57.5-62.5", "-", "-", "30.0-50.0", "-"],
        ["old", "-", "-", "-", "-"],
        ["new", "55.50", "-", "-", "-"],
        ["old", "-", "-", "-", "-"],
        ["new", "-", "-", "-", "7.25"],
    ]


def test_no_number_is_cut_at_80_columns(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    intervals = {column: [91.2, 98.7] for column in COLUMNS}
    further = (*COLUMNS, *CLASS_COLUMNS, *ECE_COLUMNS)
    report = {f"long_tail/{name}": 100.0 for name in further}
    name = "phase2_with_a_very_long_name_indeed"
    print_tables({name: dict(report, intervals=intervals)}, "")
    out = capsys.readouterr().out
    assert out.count("100.00") == len(further)
    assert out.count("91.2-98.7") == len(COLUMNS)
    assert all(column in out for column in further)
