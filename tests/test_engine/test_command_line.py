import pytest
from torch.utils.data import DataLoader

from lpt_mm.engine.command_line import run_tool
from lpt_mm.utils.errors import UserError


class Broken:
    """A data set that a worker process cannot read."""

    def __init__(self, error):
        self.error = error

    def __len__(self):
        return 1

    def __getitem__(self, index):
        raise self.error


def fail(error):
    def main():
        raise error

    return main


@pytest.mark.parametrize("kind", [UserError, FileNotFoundError, PermissionError])
def test_what_a_user_can_mend_is_said_in_one_line(kind):
    with pytest.raises(SystemExit) as end:
        run_tool(fail(kind("no such thing\x1b[2J")))
    assert end.value.code == r"error: no such thing\x1b[2J"


@pytest.mark.parametrize("kind", [ValueError, TypeError, KeyError, RuntimeError])
def test_a_defect_keeps_its_traceback(kind):
    with pytest.raises(kind):
        run_tool(fail(kind("a defect")))


def test_an_error_of_a_worker_process_is_said_without_its_traceback():
    loader = DataLoader(Broken(UserError("a.png: no image")), num_workers=1)
    with pytest.raises(SystemExit) as end:
        run_tool(lambda: next(iter(loader)))
    assert end.value.code.startswith("error: ")
    assert end.value.code.endswith("a.png: no image")
    assert "\n" not in end.value.code


def test_a_lost_process_is_said(monkeypatch):
    error = RuntimeError("[../gloo/pair.cc:598] Connection closed by peer. Trace")
    with pytest.raises(SystemExit, match="another process of this run ended"):
        run_tool(fail(error))


@pytest.mark.parametrize("message", ["", "stopped; a.pth is saved"])
def test_an_interruption_is_no_error(capsys, message):
    with pytest.raises(SystemExit) as end:
        run_tool(fail(KeyboardInterrupt(*[message][: bool(message)])))
    assert end.value.code == 130
    assert capsys.readouterr().err == f"{message or 'stopped'}\n"
