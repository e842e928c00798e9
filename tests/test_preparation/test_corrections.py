"""What a person wrote into a table is read as it was meant, or not at all."""

import csv

import pytest

from lpt_mm.preparation.corrections import read_corrections
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import for_spreadsheet

NARROW = "a\u202fb"  # the space in the names of some screenshots, which is escaped


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (NARROW, "=1", "2"):
        (tmp_path / f"{name}.png").touch()


def test_what_tables_make_of_names_is_found_again(tmp_path):
    names = [NARROW, " dog ", "=cow"]
    paths = [f"{NARROW}.png", "=1.png", "2.png"]
    # Spreadsheets put a byte-order mark in front.
    with open("a.csv", "w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "correct_class"))
        for path, name in zip(paths, names, strict=True):
            writer.writerow((for_spreadsheet(path), for_spreadsheet(name)))
    expected = {str(tmp_path / path): label for label, path in enumerate(paths)}
    assert read_corrections("a.csv", names) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,correct_class\n2.png,a,dog\n", "the row of 2.png has more cells"),
        ('path,correct_class\n"2.png,dog\n', "is no CSV table"),
        ("path;correct_class\n2.png;dog\n", "with commas between them"),
    ],
)
def test_a_row_that_is_not_whole_is_refused(text, message):
    with open("a.csv", "w", encoding="utf-8") as file:
        file.write(text)
    with pytest.raises(UserError, match=message):
        read_corrections("a.csv", ["cat", "dog"])


def test_empty_cells_at_the_end_of_a_row_do_not_matter(tmp_path):
    with open("a.csv", "w", encoding="utf-8") as file:
        file.write("path,correct_class\r\n2.png,dog,,\r\n")
    found = read_corrections("a.csv", ["cat", "dog"])
    assert found == {str(tmp_path / "2.png"): 1}


@pytest.mark.parametrize("names", [["dog", "dog "], ["=cow", "'=cow"]])
def test_classes_that_a_table_cannot_tell_apart_are_refused(names):
    with open("a.csv", "w", encoding="utf-8") as file:
        file.write("path,correct_class\n2.png,dog\n")
    with pytest.raises(UserError, match="are the same in a table"):
        read_corrections("a.csv", names)
