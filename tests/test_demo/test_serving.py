"""What cannot be served is refused in one line, before any work."""

import socket
import sys

import pytest

from lpt_mm.demo.serving import LOCAL, find_port, run_demo, serve
from lpt_mm.utils.errors import UserError

PACK = "a.safetensors"


def test_without_gradio_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(UserError, match=r"gradio: pip install 'lpt_mm\[demo\]'"):
        run_demo([PACK])


@pytest.fixture
def port():
    """A port that is free."""
    pytest.importorskip("gradio", reason="the extra demo is not installed")
    return find_port(LOCAL, 0)


def test_a_port_that_is_taken(port):
    with (
        socket.create_server((LOCAL, port)),
        pytest.raises(UserError, match=f"port {port} of {LOCAL} cannot be had"),
    ):
        run_demo([PACK], port=port)
    with pytest.raises(UserError, match="choose another with --port"):
        run_demo([PACK], port=99_999)


def test_a_port_that_is_taken_meanwhile(port, models):
    with (
        socket.create_server((LOCAL, port)),
        pytest.raises(OSError, match="Cannot find empty port"),
        serve(models, None, LOCAL, port),
    ):
        pytest.fail("it is served")


def test_a_review_is_of_one_pack_and_has_its_table(port, tmp_path):
    review = dict(review=str(tmp_path), port=port)
    with pytest.raises(UserError, match="--review and --decisions need each other"):
        run_demo([PACK], **review)
    with pytest.raises(UserError, match="--review and --decisions need each other"):
        run_demo([PACK], decisions="a.csv", port=port)
    with pytest.raises(UserError, match="name one pack"):
        run_demo([PACK, "b.safetensors"], decisions="a.csv", **review)
    (tmp_path / "a.csv").write_text("old")
    with pytest.raises(FileExistsError, match="is not overwritten"):
        run_demo([PACK], decisions=str(tmp_path / "a.csv"), **review)
