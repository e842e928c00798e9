"""The rooms of the package: what may import what."""

import ast
import sys
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "lpt_mm"


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in PACKAGE.rglob("*.py")}


def imports_of(path):
    """Find what a file imports, at its head and in its functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in FILES else node.module


def room_of(name):
    return ".".join(name.split(".")[:2])


@pytest.mark.parametrize("unit", [str, room_of], ids=["modules", "rooms"])
def test_no_circle(unit):
    graph = {}
    for name, path in FILES.items():
        needed = {unit(other) for other in imports_of(path) if other in FILES}
        # The package itself registers the rooms; all of them need it.
        graph.setdefault(unit(name), set()).update(needed - {unit(name), "lpt_mm"})
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_who_trains_or_tests_does_not_import_predictors():
    room = "lpt_mm.inference"
    users = {
        name
        for name, path in FILES.items()
        if any(room_of(other) == room for other in imports_of(path))
    }
    rooms = {room_of(name) for name in users} - {room}
    assert rooms == {"lpt_mm", "lpt_mm.collection", "lpt_mm.demo"}
    at_once = ast.parse(FILES["lpt_mm"].read_text("utf-8")).body
    imports = [node for node in at_once if isinstance(node, ast.ImportFrom)]
    assert "inference" not in {x.name for node in imports for x in node.names}


def test_what_is_imported_exists():
    """mypy passes over modules of the package that are gone."""
    tools = ROOT.glob("tools/**/*.py")
    named = {name for path in (*FILES.values(), *tools) for name in imports_of(path)}
    assert {x for x in named if x.split(".")[0] == "lpt_mm"} <= FILES.keys()


def test_the_package_needs_no_tool():
    needed = {other for path in FILES.values() for other in imports_of(path)}
    assert not {other.split(".")[0] for other in needed} & {"tools", "tests"}


def test_no_tool_hides_a_module_of_the_standard_library():
    """A script's folder comes first where Python looks for modules."""
    names = {path.stem for path in (ROOT / "tools").rglob("*.py")}
    assert not names & sys.stdlib_module_names
