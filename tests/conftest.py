"""What several test files share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.registry import DefaultScope

import lpt_mm  # noqa: F401 (registers the components)

ROOT = Path(__file__).resolve().parent.parent


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


@pytest.fixture
def run_tool(tmp_path):
    """Run a command in an empty folder, as a user would."""

    def run(*args, check=True, python=True):
        command = [sys.executable, *map(str, args)] if python else [*map(str, args)]
        path = f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        folder = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = dict(os.environ, PYTHONPATH=path, PATH=folder)
        done = subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300
        )
        output = done.stdout + done.stderr
        if check:
            assert done.returncode == 0, output[-4000:]
        else:
            assert done.returncode != 0, output[-4000:]
        return output

    return run
