"""The package as others install it: from a wheel, away from any check-out."""

import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.conftest import ROOT, run_in

BUILD = "from setuptools.build_meta import build_wheel; print(build_wheel('dist'))"
NOTEBOOK = """
import lpt_mm
from lpt_mm.engine.run_config import load_config
from lpt_mm.engine.testing import run_test
from lpt_mm.engine.training import run_training

config = str(lpt_mm.MIM / "configs/lpt/phase1_digits_lt.py")
run_training(load_config(config, {"train_cfg.max_epochs": 1}))
run_test(load_config(config), "work_dirs/phase1_digits_lt/epoch_1.pth")
"""
TOOLS = """
cp -r "$(python -c 'import lpt_mm; print(lpt_mm.MIM)')"/. .
config=configs/lpt/phase1_digits_lt.py
python tools/train.py $config --cfg-options train_cfg.max_epochs=1
python tools/test.py $config work_dirs/phase1_digits_lt/epoch_1.pth
"""
# Its programs are forks of a process of its own, which imports what was installed.
PROGRAMS = """
import os, subprocess, sys
from tests.programs import quick_environment

os.environ["PATH"] = f"{quick_environment()}/bin:{os.environ['PATH']}"
subprocess.run(["bash", "-ec", sys.argv[1]], check=True)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder that has the installed package, and nothing of this check-out."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, source / name, follow_symlinks=False)
    run_in(source, "python", "-c", BUILD, forks=False)
    (wheel,) = (source / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder / "site")
    shutil.rmtree(source)
    return folder / "site"


def test_the_wheel_has_every_file_of_the_package(site):
    listed = subprocess.check_output(["git", "ls-files", "lpt_mm"], cwd=ROOT, text=True)
    files = [name for name in listed.splitlines() if "/.mim/" not in name]
    assert "lpt_mm/report_page/page.html.j2" in files
    assert not [name for name in files if not (site / name).is_file()]


@pytest.mark.parametrize(
    "script", [(NOTEBOOK,), (PROGRAMS, TOOLS)], ids=["notebook", "tools"]
)
def test_the_wheel_trains_and_tests_with_the_config_it_brought(
    site, tmp_path, monkeypatch, script
):
    monkeypatch.setenv("PYTHONPATH", f"{site}{os.pathsep}{ROOT}")
    output = run_in(tmp_path, "python", "-c", *script, forks=False)
    assert "phase1_digits_lt" in output
    assert "mean_class" in output
    assert f"{ROOT}/" not in output.replace(sys.prefix, "")  # which may lie in it
