"""Names in the pages are those of the code, and numbers stand once."""

import ast
import re
from collections import Counter

import pytest

from tests.conftest import ROOT
from tests.docs_pages import OWN, PAGES, files, read

CODE = sorted((ROOT / "lpt_mm").rglob("*.py"))


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def defined(path):
    """Give the names of a file's functions and classes, and of the latter's methods."""
    names = set()
    for node in parse(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = [n.name for n in node.body if isinstance(n, ast.FunctionDef)]
            names |= {f"{node.name}.{method}" for method in methods}
    return names


@pytest.mark.parametrize("page", PAGES)
def test_files_named_in_a_page_exist(page):
    pattern = r"\b(?:tools|configs|tests|lpt_mm|docs|\.github)/[\w/]+\.\w+"
    made = {path for other in PAGES for path in files(other)}
    named = set(re.findall(pattern, read(page))) - made
    gone = {path for path in named if not (ROOT / path).exists()}
    assert {path for path in gone if not OWN.search(path)} == set()


@pytest.mark.parametrize("page", ["docs/method.md", "docs/architecture.md"])
def test_functions_named_beside_a_file_are_in_it(page):
    rows = re.findall(r"^\|.*\|$", read(page), re.MULTILINE)
    checked = 0
    for row in rows:
        *_, place, names, _ = row.split("|")
        paths = re.findall(r"`(lpt_mm/\S+\.py)`", place)
        there = set().union(*(defined(ROOT / path) for path in paths))
        if paths:
            named = set(re.findall(r"`([\w.]+)`", names))
            assert named and named <= there, row
            checked += 1
    assert checked > 10


def test_components_named_are_all_there_are():
    table = read("docs/guide/components.md").split("| --- | --- |")[1]
    named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|(.*?)\|", table, re.M))))
    registered = set()
    for path in CODE:
        pattern = r"register_module\(\)\n(?:class|def) (\w+)"
        registered |= set(re.findall(pattern, path.read_text(encoding="utf-8")))
    assert registered == named


def said():
    """Give every text of the code; what is filled in stands as a line break."""
    for path in CODE:
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.JoinedStr):
                parts = (getattr(part, "value", "") for part in node.values)
                yield "".join(p if isinstance(p, str) else "\n" for p in parts)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_messages_of_the_faq_are_those_of_the_code():
    texts = list(said())
    messages = re.findall(r"^### `(.*)`$", read("docs/faq.md"), re.MULTILINE)
    assert len(messages) > 20
    for message in messages:
        parts = [part.strip() for part in message.split("…") if part.strip(" :()")]
        assert any(all(p in text for p in parts) for text in texts), message


def test_measured_numbers_stand_on_one_page():
    places = Counter()
    for page in PAGES:
        places.update(set(re.findall(r"\d+\.\d+ ± \d+\.\d+", read(page))))
    assert [number for number, pages in places.items() if pages > 1] == []
