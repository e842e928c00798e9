from importlib import metadata

import pytest
from packaging.requirements import Requirement

from lpt_mm.version import MINIMUM_VERSIONS, check_versions
from tests.conftest import ROOT


def test_the_minimum_versions_are_those_of_the_requirements():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    bounds = {r.name: str(r.specifier) for r in map(Requirement, lines)}
    for name, minimum in MINIMUM_VERSIONS.items():
        (bound,) = Requirement(f"x>={minimum}").specifier
        assert bound.contains(bounds[name].removeprefix(">="))
        assert Requirement(f"x{bounds[name]}").specifier.contains(minimum)


def pretend(monkeypatch, **versions):
    """Let packages have other versions; None for those that are not installed."""

    def version(name):
        if (found := versions.get(name.replace("-", "_"), "99")) is None:
            raise metadata.PackageNotFoundError(name)
        return found

    monkeypatch.setattr(metadata, "version", version)


def test_what_is_old_or_missing_is_named_with_the_remedy(monkeypatch):
    pretend(monkeypatch)
    check_versions()
    pretend(monkeypatch, mmcv_lite=None)  # mmcv has all of it
    check_versions()
    pretend(monkeypatch, mmcv_lite=None, mmcv=None)
    with pytest.raises(ImportError, match="needs mmcv-lite: pip install 'mmcv-lite>="):
        check_versions()
    pretend(monkeypatch, torch="2.5.1+cpu")
    with pytest.raises(ImportError, match=r"needs torch>=2\.6\.0, found 2\.5\.1\+cpu"):
        check_versions()
