"""Tell whether this Python has all that lpt_mm needs; exit code 0 if it does.

Run by the Python in question: ``python tools/check_env.py [extra ...]``, where an extra
is one of pyproject.toml's optional dependencies, such as ``test``.
"""

import importlib
import sys
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def find_problems(extras: list[str]) -> list[str]:
    """List the requirements that are not met.

    Args:
        extras: Names of optional dependencies that are needed too.

    Returns:
        One line per problem.
    """
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return ["packaging is missing"]
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    problems = []
    for requirement in map(Requirement, lines):
        try:
            found = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            problems.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            problems.append(f"{requirement} is needed, {found} is installed")
    return problems or _find_broken_opencv()


def _find_broken_opencv() -> list[str]:
    """Slim images lack the system libraries that opencv-python loads."""
    try:
        importlib.import_module("cv2")
    except ImportError as error:
        return [f"cv2 cannot be imported: {error}"]
    return []


if __name__ == "__main__":
    found_problems = find_problems(sys.argv[1:])
    for problem in found_problems:
        sys.stderr.write(f"  {problem}\n")
    sys.exit(bool(found_problems))
