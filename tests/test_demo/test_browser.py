"""The page in a browser: one server and one browser for all tests."""

import csv
import os
import shutil
import socket
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest

from lpt_mm.demo import serving
from lpt_mm.demo.decisions import Decisions
from lpt_mm.demo.serving import LOCAL, find_port, require_gradio
from tests.test_demo.evil import IMAGE, NAMES

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PHONE = dict(width=390, height=844)
DESKTOP = dict(width=1280, height=900)
LARGEST = 50_000  # bytes of an upload
EVIL = "<img src=x onerror=window.hit=1> **b** {{value}}.png"


CONNECTED = []


def noted(connect):
    """Note where this process connects to, too."""

    def connect_and_note(sock, address):
        CONNECTED.append(address)
        return connect(sock, address)

    return connect_and_note


class Page:
    """The page, and what a test wants to know of it."""

    def __init__(self, browser, demo, url, decisions):
        self.tab = browser.new_page(viewport=DESKTOP)
        self.demo, self.url, self.decisions = demo, url, decisions
        self.asked_for = []
        self.tab.on("request", lambda request: self.asked_for.append(request.url))
        self.tab.goto(url)

    def drop(self, *paths):
        self.tab.set_input_files("input[type=file]", list(map(str, paths)))
        self.wait_for(f"document.querySelectorAll('.card').length == {len(paths)}")

    def wait_for(self, condition):
        self.tab.wait_for_function(condition)

    def scores(self, card=0):
        """Read the scores of a photo by class."""
        rows = self.tab.locator(".card").nth(card).locator("tbody tr").all()
        cells = [row.locator("th, td").all_inner_texts() for row in rows]
        return {name: float(score.split()[0]) for name, score, _ in cells}

    def set_prior(self, value):
        before = self.tab.inner_html(".cards")
        box = self.tab.locator("#prior input[type=number]")
        box.fill(str(value))
        box.press("Enter")
        self.tab.wait_for_function(
            "before => document.querySelector('.cards').innerHTML != before",
            arg=before,
        )

    def require_narrow(self):
        """Have nothing to scroll to at the side of a phone."""
        self.tab.set_viewport_size(PHONE)
        width = self.tab.evaluate("document.documentElement.scrollWidth")
        self.tab.set_viewport_size(DESKTOP)
        assert width == PHONE["width"]

    def decide(self, key, number):
        self.tab.keyboard.press(key)
        self.wait_for(
            "document.querySelector('#count').innerText.startsWith("
            f"'{number} of 13 images')"
        )


@pytest.fixture(scope="module")
def page(demo, tmp_path_factory):
    reason = "the extra demo or playwright is not installed"
    pytest.importorskip("gradio", reason=reason)
    api = pytest.importorskip("playwright.sync_api", reason=reason)
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"there is no browser: {', '.join(BROWSERS)}")
    require_gradio()
    decisions = tmp_path_factory.mktemp("review") / "decisions.csv"
    review = Decisions(demo.predictor, f"{demo.images}/train", str(decisions))
    models, port = demo.open(demo.pack, demo.other), find_port(LOCAL, 0)
    with (
        pytest.MonkeyPatch.context() as patch,
        api.sync_playwright() as play,
    ):
        patch.setattr(serving, "MOST_BYTES", LARGEST)
        patch.setattr(socket.socket, "connect", noted(socket.socket.connect))
        with serving.serve(models, review, LOCAL, port) as url:
            browser = play.chromium.launch(executable_path=found, args=OPTIONS)
            yield Page(browser, demo, url, decisions)
            browser.close()


def test_photos_are_dropped_and_answered_live(page, tmp_path):
    evil, bad = tmp_path / EVIL, tmp_path / "bad.jpg"
    shutil.copy(page.demo.paths[1], evil)
    bad.write_bytes(b"no image")
    page.drop(evil, bad)
    (said,) = page.demo.predictor(evil)
    before = {name: 100 * x for name, x in zip(said.names, said.scores, strict=True)}
    assert page.scores() == pytest.approx(before, abs=0.051)
    uploads = Path(os.environ["GRADIO_TEMP_DIR"])  # which is gone at the end
    assert list(uploads.rglob("bad.jpg"))
    texts = page.tab.locator(".card").all_inner_texts()
    assert "cannot read the image 'bad.jpg'" in texts[1]
    assert page.tab.locator(".neighbours img").count() == 5
    groups = page.demo.predictor.matched_groups(evil)[0]
    assert "group prompts" + "".join(f" {x}" for x in groups) in texts[0]
    assert "answer set" not in texts[0]

    page.set_prior(1)
    score = np.array(said.scores) * np.array([[7, 4, 2][x] for x in said.labels])
    score *= 100 / score.sum()
    expected = dict(zip(said.names, score.tolist(), strict=True))
    assert page.scores() == pytest.approx(expected, abs=0.051)
    page.tab.locator("#coverage label", has_text="0.9").click()
    page.wait_for("document.querySelector('.card').innerText.includes('answer set')")
    page.require_narrow()

    page.tab.locator("#task label", has_text=IMAGE).click()
    page.wait_for("!document.querySelector('.card').innerText.includes('answer set')")
    page.wait_for("!document.querySelector('#coverage')?.offsetParent")
    # The prior is as at first, again.
    assert page.scores() == pytest.approx(before, abs=0.051)


def test_what_is_too_large_or_no_image_is_refused(page, tmp_path):
    large, other = tmp_path / EVIL, tmp_path / EVIL.replace("png", "txt")
    large.write_bytes(bytes(LARGEST + 1))
    other.write_bytes(b"no image")
    page.tab.reload()
    page.tab.set_input_files("input[type=file]", [str(large)])
    toast = page.tab.get_by_test_id("toast-body")
    toast.wait_for()
    assert f"maximum allowed size of {LARGEST} bytes" in toast.inner_text()
    assert page.tab.locator("img[src='x']").count() == 0
    assert page.tab.locator(".card").count() == 0
    page.tab.reload()
    page.drop(other, page.demo.paths[1])
    assert (
        "no image format that is known" in page.tab.locator(".card").first.inner_text()
    )
    assert set(page.scores(1)) == set(NAMES)


def test_keys_decide(page):
    page.tab.get_by_role("tab", name="Review").click()
    page.decide("j", 1)
    page.tab.click("#correct input")
    page.tab.keyboard.type("k")  # is written, and decides nothing
    page.tab.keyboard.press("Backspace")
    page.tab.get_by_role("option").nth(1).click()
    page.decide("k", 2)
    page.require_narrow()
    with page.decisions.open(newline="", encoding="utf-8") as file:
        first, second = csv.DictReader(file)
    assert first["correct_class"] == first["answer"]
    assert second["correct_class"] == IMAGE


def test_no_name_was_markup_and_nothing_came_from_elsewhere(page):
    assert page.tab.evaluate("window.hit") is None
    assert page.tab.locator("img[src='x']").count() == 0
    assert len(page.asked_for) > 20
    local = (page.url, "data:", f"blob:{page.url}")
    assert [x for x in page.asked_for if not x.startswith(local)] == []
    assert CONNECTED  # gradio looks whether its page is there
    assert {host for host, *_ in CONNECTED} == {LOCAL}


def test_only_the_page_is_served(page):
    for path in (page.demo.paths[0], page.demo.pack, page.decisions, "/etc/hostname"):
        with pytest.raises(HTTPError, match="403"):
            urlopen(f"{page.url}gradio_api/file={path}")
    with pytest.raises(HTTPError, match="400"):  # another name that stands for LOCAL
        urlopen(Request(page.url, headers={"Host": "elsewhere.example"}))
    with urlopen(page.url) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; ")
    assert "http" not in policy
