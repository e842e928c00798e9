"""What several test files share."""

import gc
import os
import runpy
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

# Tests run beside each other, a process for each core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch
from mmengine.registry import DefaultScope

import lpt_mm  # noqa: F401 (registers the components)
from tests.programs import FORKS, TIMEOUT, quick_environment, run_script

ROOT = Path(__file__).resolve().parent.parent


# These take longest: begun last, they would keep one process while the others wait.
LONGEST = [
    "test_answers.py",
    "test_resume.py",
    "test_processes.py",
    "test_reliability.py",
    "test_export.py",
    "test_wheel.py",
    "test_commands.py",
    "test_machines.py",
    "test_lpt_classifier.py",
    "test_tasks.py",
    "test_packing.py",
]


def pytest_collection_modifyitems(items):
    """Begin with the longest files."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))


@pytest.fixture(scope="session", autouse=True)
def _plain_output():
    """Print as wide as to a file and without colours, whatever the terminal is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "80")
        for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_config_text():
    """mmengine writes the text of a config, nicely laid out, into each checkpoint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "mmengine.config.config.FormatCode",
            lambda text, style_config: (text, True),
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_server_of_forks():
    """Let sweeps fork the process that the tests fork, which finds the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FORKS, "set_forkserver_preload", lambda modules: None)
        patch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_garbage_collection():
    """mmengine collects garbage for each data set, though Python does where need be."""
    gc.freeze()  # what is imported is none
    with pytest.MonkeyPatch.context() as patch:
        no_gc = SimpleNamespace(collect=lambda: 0)
        patch.setattr("mmengine.dataset.base_dataset.gc", no_gc)
        yield


@pytest.fixture(autouse=True)
def _mmpretrain_scope():
    """Build from mmpretrain's registries, with the same random numbers each time."""
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope("mmpretrain"):
        yield


@pytest.fixture
def float64():
    """Compute in float64."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def run_in(folder, *command, fails=False, timeout=TIMEOUT, forks=True):
    """Run a command in a folder, as a user would, and return what it printed.

    With ``forks=False`` its Python has nothing imported already.
    """
    command = [str(part) for part in command]
    if command[0].startswith(f"{ROOT}/"):
        return run_script(folder, command, fails, timeout)
    if command[0].endswith(".py"):
        command.insert(0, "python")
    folders = [quick_environment() / "bin"] if forks else []
    folders += [Path(sys.executable).parent, os.environ["PATH"]]
    env = dict(os.environ, PATH=os.pathsep.join(map(str, folders)))
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=timeout
    )
    output = done.stdout + done.stderr
    assert (done.returncode != 0) == fails, output[-4000:]
    return output


@pytest.fixture
def run_tool(tmp_path):
    """Run a command in an empty folder."""
    return partial(run_in, tmp_path)


@pytest.fixture
def run_here(tmp_path, monkeypatch, capsys):
    """Run a script in this process, which is quicker, in an empty folder."""

    def run(script, *arguments, fails=False):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [str(script), *map(str, arguments)])
        error = ""
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit as exit_:
            error = exit_.code or ""
        assert bool(error) == fails, error
        captured = capsys.readouterr()
        return f"{captured.out}{captured.err}{error}"

    return run
