import pytest
from mmengine.runner import Runner

from lpt_mm.engine.terminal_runner import TerminalRunner
from tests.test_engine.short_runs import make_runner


@pytest.fixture(params=[TerminalRunner, Runner])
def run(request, tmp_path, monkeypatch, capsys):
    """Train and test; say with what runner, what it printed and what it logged."""
    monkeypatch.setattr("tests.test_engine.short_runs.Runner", request.param)
    runner, _ = make_runner(tmp_path, epochs=2, log_level="INFO")
    runner.train()
    runner.logger.warning("of interest")
    runner.test()
    (log,) = tmp_path.glob("*/*.log")
    return request.param, capsys.readouterr().out, log.read_text()


def test_a_terminal_shows_a_bar_or_the_lines_of_the_log(run):
    kind, shown, log = run
    for line in ("Epoch(train)", "Hooks will be executed", "Config:"):
        assert line in log
        assert (line in shown) == (kind is Runner)
    for part in ("epoch 2 of 2, loss ", ", validation "):
        assert (part in shown) == (kind is TerminalRunner)
    assert "of interest" in shown
