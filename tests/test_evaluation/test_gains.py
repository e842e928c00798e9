import pytest

from lpt_mm.evaluation.metrics.bootstrap import gain
from lpt_mm.evaluation.tables import print_gains


def classes(*accuracies, images=(100, 100, 50, 0)):
    groups = ("many", "few", "few", "medium")
    columns = zip(groups, images, (*accuracies, None), strict=True)
    return [dict(shot_group=g, test_images=n, accuracy=a) for g, n, a in columns]


def test_a_gain_is_the_difference_of_the_shares_of_images():
    before, after = classes(90, 40, 60), classes(80, 70, 90)
    assert gain(before, after)[0] == pytest.approx((-10 + 30 + 15) / 250 * 100)
    assert gain(before, after, "few")[0] == pytest.approx(30)
    assert gain(before, after, "many")[0] == pytest.approx(-10)
    assert gain(before, after, "medium") is None


def test_the_interval_is_that_of_two_binomials():
    before, after = classes(50, 50, 50), classes(50, 50, 50)
    difference, low, high = gain(before, after, "many")
    half = 1.96 * 100 * (2 * 0.25 / 100) ** 0.5  # normal approximation
    assert difference == 0
    assert (low, high) == pytest.approx((-half, half), abs=1)


def test_what_may_be_chance_is_told_apart(capsys):
    names = ("probe", "tuned", "again")
    accuracies = ((50, 20, 20), (52, 80, 80), (52, 79, 80))
    reports = {
        name: dict(classes=classes(*a))
        for name, a in zip(names, accuracies, strict=True)
    }
    print_gains(reports)
    lines = capsys.readouterr().out.splitlines()
    cells = [[cell.strip() for cell in line.split("│")] for line in lines]
    cells = [row for row in cells if " over " in row[0] and len(row) == 5]
    assert cells[0] == ["tuned over probe", "+36.8 *", "+2.0", "-", "+60.0 *"]
    assert [row[0] for row in cells[1:]] == ["again over probe", "again over tuned"]
    assert cells[2][1:] == ["-0.4", "+0.0", "-", "-0.7"]


def test_other_test_sets_are_not_compared(capsys):
    reports = dict(a=dict(classes=classes(1, 2, 3)), b=dict(classes=classes(1, 2, 3)))
    reports["b"]["classes"][0]["test_images"] += 1
    print_gains(reports)
    print_gains(dict(a=reports["a"]))
    assert capsys.readouterr().out == ""
