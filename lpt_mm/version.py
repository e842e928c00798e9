"""The package's version, and those of its dependencies that it needs."""

from importlib import metadata

from mmengine.utils import digit_version

__version__ = "0.1.0"

# The oldest releases that the test suite was run on; requirements.txt repeats them.
MINIMUM_VERSIONS = {
    "torch": "2.6.0",
    "mmengine": "0.10.7",
    "mmcv-lite": "2.2.0",
    "mmpretrain": "1.2.0",
}
# mmcv is a superset of mmcv-lite; either serves.
ALTERNATIVES = {"mmcv-lite": "mmcv"}


def check_versions() -> None:
    """Raise an ``ImportError`` of a package that is missing or too old."""
    for name, minimum in MINIMUM_VERSIONS.items():
        installed = _installed_version(name)
        if installed is None:
            raise ImportError(f"lpt_mm needs {name}: pip install '{name}>={minimum}'")
        if digit_version(installed) < digit_version(minimum):
            raise ImportError(
                f"lpt_mm needs {name}>={minimum}, found {installed}: "
                f"pip install -U '{name}>={minimum}'"
            )


def _installed_version(name: str) -> str | None:
    for candidate in (name, ALTERNATIVES.get(name, name)):
        try:
            return metadata.version(candidate)
        except metadata.PackageNotFoundError:
            continue
    return None
