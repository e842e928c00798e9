"""The scripts that set up an environment, in a copy of the repository."""

import shutil
import sys

import pytest

from tests.conftest import ROOT
from tests.programs import quick_environment

PARTS = ("configs", "lpt_mm", "tools", "requirements.txt", "pyproject.toml")


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Copy what the scripts need; the running environment counts as active."""
    monkeypatch.setenv("VIRTUAL_ENV", str(quick_environment()))
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, tmp_path / part)
    return tmp_path


def shorten(repository, **options):
    """Write a quickstart of one epoch, and name it."""
    sweep = (repository / "configs" / "sweeps" / "quickstart.py").read_text()
    options = {"train_cfg.max_epochs": 1, "train_cfg.val_interval": 1, **options}
    sweep += f"\nfor _row in rows.values():\n    _row['options'] = {options!r}\n"
    (repository / "short.py").write_text(sweep)
    return "short.py"


def test_a_failing_step_of_quickstart_shows_its_error(repository, run_tool):
    sweep = shorten(repository, **{"model.head.num_classes": 11})
    with (repository / sweep).open("a") as file:
        file.write('rows = {"linear probe": rows["linear probe"]}\n')
    out = run_tool("bash", "tools/quickstart.sh", sweep, fails=True)
    assert "error: linear probe, seed 0: " in out
    assert "set num_classes=10 in the config" in out
    assert " over " not in out


def test_missing_and_old_packages_are_named(repository, run_tool):
    (repository / "requirements.txt").write_text("no-such-thing>=1\nnumpy>=999\n")
    out = run_tool("tools/check_env.py", "test", fails=True)
    assert "no-such-thing is missing" in out
    assert "numpy>=999 is needed" in out


def test_this_environment_is_complete(run_tool):
    assert run_tool(ROOT / "tools" / "check_env.py", "test") == ""


FAKE_UV = """#!/usr/bin/env bash
echo "$*" >> uv.log
if [ "$1" = venv ]; then
    mkdir -p "${@: -1}/bin"
    cp fake_python "${@: -1}/bin/python"
fi
case "$*" in *opencv-python-headless==*) touch headless ;; esac
"""
# Is the running Python, but for an OpenCV that needs the headless build to load.
FAKE_PYTHON = """#!/usr/bin/env bash
if [ "$*" = "-c import cv2" ] && [ ! -e headless ]; then exit 1; fi
exec "{python}" "$@"
"""


@pytest.mark.parametrize("slim", [False, True])
def test_a_new_environment_is_made_once(repository, run_tool, monkeypatch, slim):
    monkeypatch.delenv("VIRTUAL_ENV")
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    scripts = dict(fake_python=FAKE_PYTHON.format(python=sys.executable), uv=FAKE_UV)
    for name, text in scripts.items():
        (repository / name).write_text(text)
        (repository / name).chmod(0o755)
    if not slim:
        (repository / "headless").touch()
    command = f"PATH={repository}:$PATH; source tools/setup_env.sh test; which python"
    out = run_tool("bash", "-c", command)
    assert "installing into .venv" in out
    assert out.splitlines()[-1] == f"{repository}/.venv/bin/python"
    calls = (repository / "uv.log").read_text().splitlines()
    assert calls[0].startswith("venv")
    assert f"--editable {repository}[test]" in calls[1]
    assert [("opencv-python-headless==" in call) for call in calls[2:]] == [True] * slim

    assert "environment: .venv" in run_tool("bash", "-c", command)
    assert (repository / "uv.log").read_text().splitlines() == calls


def test_an_unsuitable_python_is_refused(repository, run_tool):
    text = (repository / "tools" / "setup_env.sh").read_text()
    functions = text[text.index("find_python()") : text.index("make_venv()")]
    command = f"set -e; {functions}\nPATH=/nowhere; find_python"
    assert "needs Python 3.11, 3.12 or 3.13" in run_tool(
        "bash", "-c", command, fails=True
    )
