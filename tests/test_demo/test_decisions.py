"""Images are decided on, and what was decided is in a table."""

import csv
import shutil

import pytest
from PIL import Image

from lpt_mm.demo.decisions import Decisions, read_decisions, require_decisions
from lpt_mm.utils.errors import UserError
from tests.test_demo.evil import NAMES

COLUMNS = ("path", "answer", "confidence", "shot_group", "correct_class")


@pytest.fixture
def photos(demo, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, path in enumerate(demo.paths):
        shutil.copy(path, folder / f"{i}.png")
    (folder / "bad.jpg").write_bytes(b"no image")
    return folder


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_decisions_are_written_one_by_one(demo, photos, tmp_path):
    path = tmp_path / "decisions.csv"
    review = Decisions(demo.predictor, str(photos), str(path))
    said = [x for x in demo.predictor(sorted(photos.iterdir())) if x.error is None]
    said.sort(key=lambda x: x.score)
    assert len(review) == len(said) == 13
    assert rows_of(path) == []

    first, second = said[:2]
    assert review.next() == 0
    card = review.card(0)
    assert [x.name for x in card.answers] == list(first.names)
    assert card.name == first.path
    assert card.picture.startswith("data:image/")
    review.decide(0, review.answer(0))
    assert review.next() == 1
    review.decide(1, 2)
    review.decide(1, 0)  # of a page that came too late
    review.decide(3)
    assert (review.next(), review.number_decided) == (2, 3)
    rows = rows_of(path)
    assert tuple(rows[0]) == COLUMNS
    assert [x["path"] for x in rows] == [said[i].path for i in (0, 1, 3)]
    assert [x["correct_class"] for x in rows] == [first.name, NAMES[2], ""]
    assert [x["answer"] for x in rows] == [said[i].name for i in (0, 1, 3)]
    assert float(rows[1]["confidence"]) == pytest.approx(second.score, rel=1e-5)
    assert rows[1]["shot_group"] == second.shot_group


def test_a_table_that_a_spreadsheet_has_saved_is_read(tmp_path):
    text = f"{','.join(COLUMNS)}\r\na.png,oak,0.5,few,elm\r\n"
    (tmp_path / "a.csv").write_text(text, encoding="utf-8-sig")
    expected = dict(zip(COLUMNS, ("a.png", "oak", "0.5", "few", "elm"), strict=True))
    assert read_decisions(tmp_path / "a.csv") == [expected]


def test_a_table_is_gone_on_with_only_where_that_is_wanted(demo, photos, tmp_path):
    path = tmp_path / "decisions.csv"
    review = Decisions(demo.predictor, str(photos), str(path))
    for place in range(12):
        review.decide(place, 1)
    for refused in (
        require_decisions,
        lambda *x: Decisions(demo.predictor, photos, *x),
    ):
        with pytest.raises(FileExistsError, match="exists and is not overwritten"):
            refused(str(path), False)
    spelled = f"{photos.parent}/./{photos.name}//"
    again = Decisions(demo.predictor, spelled, str(path), resume=True)
    assert (again.next(), again.number_decided) == (12, 12)
    again.decide(12, 0)
    assert again.next() is None
    assert len(rows_of(path)) == 13
    require_decisions(str(tmp_path / "new.csv"), True)


def test_another_table_is_not_gone_on_with(demo, tmp_path):
    path = tmp_path / "decisions.csv"
    for content in (b"a,b\n1,2\n", b"", b"\xff", b"path,answer\nx,y,z\n"):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"is no (table of decisions|CSV file)"):
            require_decisions(str(path), True)
        assert path.read_bytes() == content


def test_cells_begin_no_formula(demo, tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path / "photos")
    Image.new("RGB", (30, 24)).save("=1+1.png")
    review = Decisions(demo.predictor, "=1+1.png", "decisions.csv")
    review.decide(0)
    assert rows_of("decisions.csv")[0]["path"] == "'=1+1.png"
    assert Decisions(demo.predictor, "=1+1.png", "decisions.csv", True).next() is None


def test_an_image_that_is_gone_still_has_its_answers(demo, photos, tmp_path):
    review = Decisions(demo.predictor, str(photos), str(tmp_path / "decisions.csv"))
    for path in photos.iterdir():
        path.unlink()
    card = review.card(0)
    assert "cannot read the image" in card.error
    assert len(card.answers) == 3


def test_a_folder_without_images_is_refused(demo, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="there is no image to review"):
        Decisions(demo.predictor, str(tmp_path / "empty"), str(tmp_path / "a.csv"))
    assert not (tmp_path / "a.csv").exists()
