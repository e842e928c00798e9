import io

import pytest

from lpt_mm.datasets.preparation import fetch


def test_a_server_that_never_ends_is_left(tmp_path, monkeypatch):
    class Endless(io.RawIOBase):
        def read(self, size=-1):
            return bytes(size)

    monkeypatch.setattr(fetch, "MAX_BYTES", 10**6)
    monkeypatch.setattr(fetch, "urlopen", lambda url, timeout: Endless())
    with pytest.raises(ConnectionError, match=r"fetch a \(it has more than 1,"):
        fetch.download("a", tmp_path / "file")
    monkeypatch.setattr(fetch, "urlopen", lambda url, timeout: io.BytesIO(b"a 0\n"))
    fetch.download("b", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"a 0\n"
