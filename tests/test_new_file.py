import stat

import pytest

from lpt_mm.new_file import new_file, require_new


def test_a_file_is_there_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with new_file(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    (tmp_path / "plain").touch()
    mode = stat.S_IMODE((tmp_path / "plain").stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_what_fails_leaves_nothing_behind(tmp_path):
    with pytest.raises(ZeroDivisionError), new_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten_not_even_a_dangling_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(FileExistsError, match="link' exists and is not overwritten"):
        require_new(tmp_path / "link")
    with pytest.raises(FileExistsError), new_file(tmp_path / "a") as temporary:
        temporary.write_text("mine")
        (tmp_path / "a").write_text("came first")
    assert (tmp_path / "a").read_text() == "came first"
    assert len(list(tmp_path.iterdir())) == 2
