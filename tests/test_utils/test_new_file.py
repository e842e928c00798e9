import errno
import os
import stat
from pathlib import Path

import pytest

from lpt_mm.utils.new_file import new_file, replace_file, require_new


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


def test_what_could_not_be_written_is_refused_before_the_work(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError, match="folder' is a folder: name a file in it"):
        require_new(tmp_path / "folder")
    with pytest.raises(FileExistsError, match="new/' is a folder"):
        require_new(f"{tmp_path}/new/")
    with pytest.raises(FileExistsError, match="choose another name or remove it"):
        require_new(tmp_path / "file")
    with pytest.raises(NotADirectoryError, match=r"Not a directory\): choose another"):
        require_new(tmp_path / "file" / "a" / "b")
    with pytest.raises(OSError, match=r"too long\): choose another"):
        require_new(tmp_path / ("a" * 250))
    with pytest.raises(FileExistsError, match=r"x\\x1b' exists"):
        (tmp_path / "x\x1b").touch()
        require_new(tmp_path / "x\x1b")


def test_a_folder_that_may_not_be_written_into_is_refused(tmp_path, monkeypatch):
    def refuse(self, mode):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # administrators may write everywhere
    with pytest.raises(PermissionError, match=r"a' cannot be written \(Permission"):
        require_new(tmp_path / "new" / "a")


def test_two_outputs_are_two_files(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(ValueError, match="two outputs cannot go into one file"):
        require_new(tmp_path / "a", tmp_path / "link" / "a")
    require_new(tmp_path / "a", None, tmp_path / "new" / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


def test_a_file_is_replaced_by_a_whole_one(tmp_path):
    path = tmp_path / "new" / "a"
    replace_file(path, b"one")
    replace_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["a"]


def test_what_cannot_be_written_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a"
    replace_file(path, b"old")

    def full(self, content):
        with open(self, "wb") as file:
            file.write(content[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_what_a_killed_process_left_is_no_hindrance(tmp_path):
    (tmp_path / ".a.part").write_bytes(b"half of something much longer")
    replace_file(tmp_path / "a", b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"new"


def test_content_is_on_the_disk_before_the_name(tmp_path, monkeypatch):
    events = []
    sync, rename = os.fsync, Path.replace

    def synced(descriptor):
        events.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        sync(descriptor)

    def renamed(self, target):
        events.append("renamed")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    replace_file(tmp_path / "a", b"new")
    assert events == [str(tmp_path / ".a.part"), "renamed", str(tmp_path)]
