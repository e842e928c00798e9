import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from matplotlib.cbook import is_math_text
from rich.console import Console

from lpt_mm.utils.text import (
    for_markdown,
    for_picture,
    for_rich,
    list_some,
    printable,
)
from lpt_mm.weights.errors import WeightFileError

MANY = settings(deadline=None, derandomize=True, max_examples=300)
ANY = st.characters(codec=None, exclude_categories=())  # lone surrogates, too
SPECIAL = st.sampled_from("\\`*_[]()<>|&~!$#{}=+-/:;.^'\" \n\t\x1b\u202e\u200b\ufe0f")
TEXT = st.text(ANY | SPECIAL, max_size=20)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("düne 砂丘 x[/b] $x$", "düne 砂丘 x[/b] $x$"),
        ("\x1b[31mred\r\n", r"\x1b[31mred\r\n"),
        ("a\u202eb\u2066c", r"a\u202eb\u2066c"),  # they turn the direction of writing
        ("a\u200bb\u00adc\ufeff", r"a\u200bb\xadc\ufeff"),  # nothing is seen of these
        ("a\u034fb\ufe0fc\u3164", r"a\u034fb\ufe0fc\u3164"),
        ("\udcff\u2028\x9b", r"\udcff\u2028\x9b"),
        (7, "7"),
    ],
)
def test_what_cannot_be_seen_is_escaped(text, shown):
    assert printable(text) == shown
    assert printable(shown) == shown


@MANY
@given(TEXT)
def test_any_text_becomes_one_line_without_controls(text):
    shown = printable(text)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert len(shown.splitlines()) <= 1
    shown.encode()  # a lone surrogate could not be printed
    assert printable(shown) == shown


@MANY
@given(TEXT)
def test_rich_prints_any_text_as_it_is(text):
    console = Console(width=10_000)
    with console.capture() as captured:
        console.print(for_rich(text))
    assert captured.get() == f"{printable(text)}\n"


@MANY
@given(TEXT)
def test_pictures_show_any_text_as_it_is(text):
    drawn = for_picture(text)
    assert not is_math_text(drawn)
    assert not drawn.startswith("_")
    assert drawn.replace(r"\$", "$").removeprefix(" ") == printable(text).removeprefix(
        " "
    )


def test_long_text_is_cut_where_there_is_no_room():
    assert for_picture("a" * 18, 18) == "a" * 18
    assert for_picture("$" * 19, 18) == r"\$" * 17 + "…"
    assert for_picture("\x1b" * 9, 18) == r"\x1b\x1b\x1b\x1b\…"


@MANY
@given(TEXT)
def test_a_cell_in_markdown_is_any_text_as_it_is(text):
    table = f"| | b |\n| --- | --- |\n| {for_markdown(text)} | right |\n"
    cells = [
        token.children
        for token in MarkdownIt().enable("table").parse(table)
        if token.type == "inline"
    ][-2:]
    assert cells[1][0].content == "right"
    assert {token.type for token in cells[0] or []} <= {"text", "text_special"}
    read = "".join(token.content for token in cells[0] or [])
    assert read == printable(text).strip()


def test_some_names_stand_for_many():
    assert list_some("cab") == "c, a, b"
    assert list_some({"c", "a", "b"}) == "a, b, c"
    assert list_some("abcdefg", limit=2) == "a, b and 5 more"
    assert list_some("abc", limit=2, total=1002) == "a, b and 1,000 more"
    assert list_some(["\x1b"]) == r"\x1b"


def test_errors_about_weights_are_safe_to_print():
    assert str(WeightFileError("'a\x1b[2J\n' is damaged")) == (
        r"'a\x1b[2J\n' is damaged"
    )
