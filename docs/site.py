"""What mkdocs is to do beside the pages in this folder: see mkdocs.yml."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
# Pages that lie in the root of the repository, where everybody looks for them.
TOP = {name: name for name in ("CONTRIBUTING.md", "CHANGELOG.md")}
TOP["README.md"] = "index.md"
ROOMS = sorted(path.parent.name for path in ROOT.glob("lpt_mm/*/__init__.py"))


def modules(room: str) -> list[str]:
    """Name the modules of a room."""
    paths = sorted(ROOT.glob(f"lpt_mm/{room}/**/[!_]*.py"))
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]


def on_config(config: MkDocsConfig) -> None:
    """Give each room of the package a place in the navigation."""
    config.nav.append({"API": [{room: f"api/{room}.md"} for room in ROOMS]})


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the pages of the root, and a page for each room of the package."""
    for name, page in TOP.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        text = re.sub(r"\]\(docs/", "](", text)
        files.append(File.generated(config, page, content=text))
    for room in ROOMS:
        text = "\n\n".join([f"# lpt_mm.{room}", *map("::: {}".format, modules(room))])
        files.append(File.generated(config, f"api/{room}.md", content=text))


def on_page_markdown(
    markdown: str, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Let links to pages of the root go to where they are on the site."""
    for name, target in TOP.items():
        markdown = markdown.replace(f"](../{name}", f"]({target}")
        markdown = markdown.replace(f"](../../{name}", f"](../{target}")
        markdown = markdown.replace(f"]({name}", f"]({target}")
    return markdown
