"""Text of others, such as names of classes and files, made safe to show."""

import re
from collections.abc import Collection, Set

from rich.text import Text

# These count as printable, but nothing is seen of them: joiners, fillers and variation
# selectors (Unicode's default ignorable code points).
INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
FORMULA = ("=", "+", "-", "@")
MARKDOWN = re.compile(r"([\\`*_\[\]<>|&~!$#])")


def printable(text: object) -> str:
    r"""Make text safe to print: in one line, and all of it to be seen.

    What controls a terminal or the direction of writing, and what has no width, becomes
    an escape (``\x1b``). Done twice, it is the same.
    """
    return "".join(
        c
        if c.isprintable() and not INVISIBLE.match(c)
        else c.encode("unicode_escape").decode()
        for c in str(text)
    )


def for_rich(text: object) -> Text:
    """Make text safe for rich's consoles and tables, which read markup in strings."""
    return Text(printable(text))


def for_picture(text: object, longest: int | None = None) -> str:
    """Make text safe for matplotlib, which reads mathematics between dollar signs.

    It is cut to the longest that there is room for, and stands behind a space where
    matplotlib would leave it out of a legend.
    """
    text = printable(text)
    if longest is not None and len(text) > longest:
        text = f"{text[: longest - 1]}…"
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def for_markdown(text: object) -> str:
    """Make text safe for Markdown, also for the cell of a table."""
    return MARKDOWN.sub(r"\\\1", printable(text))


def for_spreadsheet(text: object) -> str:
    """Make text safe for a cell of CSV, in which spreadsheets would run a formula.

    Args:
        text: Any text.

    Returns:
        The text, behind an apostrophe where it begins like a formula.
    """
    text = printable(text)
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text


def list_some(
    names: Collection[object], limit: int = 10, total: int | None = None
) -> str:
    """Name the first few in one line, and how many more there are; sets are sorted."""
    ordered = sorted(names) if isinstance(names, Set) else list(names)
    more = (len(ordered) if total is None else total) - len(ordered[:limit])
    line = ", ".join(map(printable, ordered[:limit]))
    return f"{line} and {more:,} more" if more else line
