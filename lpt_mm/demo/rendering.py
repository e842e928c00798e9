"""Cards as HTML; whatever a name says is text, and never markup."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from lpt_mm.demo.cards import Card
from lpt_mm.utils import pictures as colours
from lpt_mm.utils.text import printable

FOLDER = Path(__file__).parent
# gradio fills in templates of its own, which are written with these.
OF_TEMPLATES = {ord(letter): f"&#{ord(letter)};" for letter in "$@\\`{}"}


def render_cards(cards: Sequence[Card]) -> str:
    """Write cards as HTML.

    Args:
        cards: What is shown.

    Returns:
        The HTML, in which the text of others has no letter with a meaning.
    """
    return _environment().get_template("cards.html.j2").render(cards=cards)


def render_style() -> str:
    """Write the style of the page, in the colours of all pictures."""
    return _environment().get_template("page.css").render(colours=colours)


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        finalize=_to_text,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _to_text(value: object) -> object:
    if isinstance(value, str) and not isinstance(value, Markup):
        return Markup(str(escape(printable(value))).translate(OF_TEMPLATES))
    return value
