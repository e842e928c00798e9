"""The pages of the documentation, taken apart."""

import re
from typing import NamedTuple

from tests.conftest import ROOT

TOP = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
PAGES = [
    *TOP,
    *sorted(p.relative_to(ROOT).as_posix() for p in ROOT.glob("docs/**/*.md")),
]
# A block, and what the line of a comment before it says of it.
BLOCK = re.compile(
    r"(?:^ *<!-- (?P<mark>needs|tested|file): (?P<note>[^>]*?) -->\n\n)?"
    r"^ *```(?P<language>\w*)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
PROGRAMS = "python|mv|bash|pip|uv|source|tar|git|mkdocs|pre-commit|ruff|mypy|pytest"
COMMAND = re.compile(rf"^(?:[A-Z_]+=\S+ )*(?:{PROGRAMS}) .*")


# Files that the pages' own data sets get.
OWN = re.compile("flowers|reserve")


class Block(NamedTuple):
    """A block between fences, the mark before it, and its commands."""

    page: str
    mark: str | None
    note: str | None
    text: str
    commands: list[str]


def read(page):
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page):
    for found in BLOCK.finditer(read(page)):
        lines = [line.strip() for line in found["text"].splitlines()]
        commands = [] if found["language"] else list(filter(COMMAND.match, lines))
        yield Block(page, found["mark"], found["note"], found["text"], commands)


def all_blocks():
    return [block for page in PAGES for block in blocks(page)]


def files(page):
    """Give the path and text of each file that a page shows."""
    return {b.note: b.text for b in blocks(page) if b.mark == "file"}
