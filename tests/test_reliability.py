"""Faults by the hundred; docs/reliability.md has the figures."""

import importlib
import os

import pytest

from tests.conftest import ROOT

SCRIPTS = ROOT / "tests" / "reliability"


def test_some_damaged_checkpoints_are_refused_or_read_rightly(run_tool):
    run_tool(SCRIPTS / "mutate_checkpoints.py", "--files", 60)


@pytest.mark.slow
def test_many_damaged_checkpoints_are_refused_or_read_rightly(run_tool):
    run_tool(SCRIPTS / "mutate_checkpoints.py", "--files", 2000, "--seed", 1)


def test_some_hostile_checkpoints_do_no_harm(run_tool):
    run_tool(SCRIPTS / "attack_checkpoints.py", "--files", 4, timeout=1200)


@pytest.mark.slow
def test_many_hostile_checkpoints_do_no_harm(run_tool):
    files = ("--files", 2000, "--seed", 1)
    run_tool(SCRIPTS / "attack_checkpoints.py", *files, timeout=4 * 3600)


@pytest.mark.parametrize(
    ("event", "args", "fault"),
    [
        ("open", ("{own}/a", "w", os.O_WRONLY | os.O_CREAT), None),
        ("open", ("{own}/../a", "w", os.O_WRONLY | os.O_CREAT), "wrote to"),
        ("open", ("/etc/hosts", "r", os.O_RDONLY), None),
        ("open", ("/etc/{mark}", "r", os.O_RDONLY), "opened"),
        ("os.remove", ("{own}/a", -1), None),
        ("os.remove", ("{own}/link/a", -1), "os.remove of"),
        ("os.rename", ("{own}/a", "{own}/../a", -1, -1), "os.rename of"),
        ("os.symlink", ("/etc/hosts", "{own}/a", -1), None),
        ("shutil.rmtree", ("/home", None), "shutil.rmtree of"),
        ("subprocess.Popen", ("ls", ["ls"], None, None), "subprocess.Popen"),
        ("os.system", (b"ls",), "os.system"),
        ("socket.connect", (None, ("127.0.0.1", 9)), "socket.connect"),
        ("socket.getaddrinfo", ("a.invalid", 80, 0, 0, 0), "socket.getaddrinfo"),
        ("compile", (b"x = 1", "a.py"), None),
        ("compile", (b"x = '{mark}'", "a.py"), "compile of a text"),
        ("exec", (compile("def f(): return 1", "a", "exec"),), None),
    ],
)
def test_the_watch_sees_what_leaves_the_folder(
    tmp_path, monkeypatch, event, args, fault
):
    monkeypatch.syspath_prepend(SCRIPTS)
    watch = importlib.import_module("watch")
    own = tmp_path / "own"
    own.mkdir()
    (own / "link").symlink_to(tmp_path)

    def fill(part):
        if isinstance(part, bytes):
            return part.replace(b"{mark}", watch.MARK.encode())
        if not isinstance(part, str):
            return part
        return part.replace("{own}", str(own)).replace("{mark}", watch.MARK)

    seen = watch.find_fault(own, event, tuple(map(fill, args)))
    assert seen is None if fault is None else seen.startswith(fault)


def test_the_watch_sees_code_that_was_compiled_before(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    watch = importlib.import_module("watch")
    code = compile(f"def f(): return [1, ({watch.MARK!r}, 2)]", "a", "exec")
    assert watch.find_fault(SCRIPTS, "exec", (code,)).startswith("exec of a text")


@pytest.mark.slow
def test_kills_at_random_moments_lose_nothing(run_tool):
    run_tool(SCRIPTS / "kill_and_resume.py", "--rounds", 200, timeout=3600)


def test_some_histories_of_runs_are_as_a_model_says(run_tool):
    ways = ("--ways", "tool", "runner")
    run_tool(SCRIPTS / "run_histories.py", "--histories", 1, *ways)


@pytest.mark.slow
def test_many_histories_of_runs_are_as_a_model_says(run_tool):
    run_tool(SCRIPTS / "run_histories.py", "--histories", 100, timeout=7200)


@pytest.mark.slow
def test_a_disk_that_is_full_loses_nothing(run_tool):
    run_tool(SCRIPTS / "fill_disk.py")


def test_some_damaged_images_are_refused_or_read(run_tool):
    run_tool(SCRIPTS / "mutate_images.py", "--files", 60)


@pytest.mark.slow
def test_many_damaged_images_are_refused_or_read(run_tool):
    run_tool(SCRIPTS / "mutate_images.py", "--files", 2000, "--seed", 1)
