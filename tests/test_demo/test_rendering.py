"""Names of classes and files are text, whatever they say."""

from html.parser import HTMLParser

import pytest
from markupsafe import Markup

from lpt_mm.demo.cards import Answer, Card
from lpt_mm.demo.neighbours import Neighbour
from lpt_mm.demo.rendering import render_cards, render_style
from tests.test_demo.evil import NAMES

PICTURE = Markup("data:image/png;base64,AAAA")


class Reader(HTMLParser):
    """Collect the tags, their attributes and the text of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, *sorted(name for name, _ in attrs)))

    def handle_data(self, data):
        self.texts.append(data.strip())


def card_of(name):
    return Card(
        name,
        PICTURE,
        name,
        [Answer(name, 0.25, "few")],
        [name],
        [Neighbour(name, 0.5, PICTURE), Neighbour(None, -0.5, None)],
        [7, 3],
    )


@pytest.mark.parametrize("name", NAMES)
def test_no_name_is_markup_or_a_template(name):
    page = render_cards([card_of(name)])
    read, plain = Reader(page), Reader(render_cards([card_of("plain")]))
    assert read.tags == plain.tags
    assert read.texts == [name if x == "plain" else x for x in plain.texts]
    assert read.texts.count(name) == 5
    assert not set("${}@`\\") & set(page)


def test_a_card_tells_all_that_it_has():
    texts = list(filter(None, Reader(render_cards([card_of("plain")])).texts))
    for told in ("25.0 %", "few", "7", "3", "0.50", "-0.50", "class unknown"):
        assert told in texts
    bare = Reader(render_cards([Card("plain", None)]))
    assert list(filter(None, bare.texts)) == ["plain"]
    empty = render_cards([Card("plain", None, answer_set=[])])
    assert "empty: no class is typical" in empty


def test_what_has_no_width_or_turns_text_is_seen():
    page = render_cards([Card("a\u202eb\x1b", None)])
    assert "a&#92;u202eb&#92;x1b" in page


def test_the_style_fetches_nothing():
    style = render_style()
    assert "url(" not in style and "@import" not in style
    assert "#0072B2" in style
