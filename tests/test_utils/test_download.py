import io

import pytest

from lpt_mm.utils import download


def test_a_server_that_never_ends_is_left(tmp_path, monkeypatch):
    class Endless(io.RawIOBase):
        def read(self, size=-1):
            return bytes(size)

    monkeypatch.setattr(download, "MAX_BYTES", 10**6)
    monkeypatch.setattr(download, "urlopen", lambda url, timeout: Endless())
    with pytest.raises(ConnectionError, match=r"fetch a \(it has more than 1,"):
        download.download("a", tmp_path / "file")
    monkeypatch.setattr(download, "urlopen", lambda url, timeout: io.BytesIO(b"a 0\n"))
    download.download("b", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"a 0\n"
