import json

import pytest
from matplotlib.axes import Axes

from lpt_mm.sweep.curves import draw_curves, logged_panels, read_log


def write_log(folder, start, lines):
    file = folder / start / "vis_data" / "scalars.json"
    file.parent.mkdir(parents=True)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))


def steps(values, first=1):
    return [
        dict(lr=0.1, loss_key=value, step=step, name="no number")
        for step, value in enumerate(values, start=first)
    ]


def test_a_run_that_went_on_is_one_log(tmp_path):
    write_log(
        tmp_path, "1", [*steps([5.0, 4.0, 9.0]), {"long_tail/few": 1, "step": 60}]
    )
    write_log(tmp_path, "2", steps([3.0, 2.0], first=3))
    with open(tmp_path / "2" / "vis_data" / "scalars.json", "a") as file:
        file.write('{"step": 5, "loss_k')  # killed while it wrote
        file.write('\n[1]\n{"lr": 1}\n{"step": "9"}\n{"step": 1e9, "lr": 2}\n')
        file.write("[" * 100_000 + '\n{"step": 4, "lr": true, "loss_key": "low"}\n')
    log = read_log(tmp_path)
    assert log["loss_key"] == {1: 5.0, 2: 4.0, 3: 3.0, 4: 2.0}
    assert log["lr"] == dict.fromkeys(range(1, 5), 0.1)
    assert set(log) == {"lr", "loss_key", "step"}


def test_curves_are_means_and_ranges_over_the_seeds(tmp_path, monkeypatch):
    write_log(tmp_path / "a", "1", steps([4.0, 2.0]))
    write_log(tmp_path / "b", "1", steps([6.0, 6.0]))
    drawn = {}
    plot, fill = Axes.plot, Axes.fill_between

    def spy_plot(axes, x, y, *args, label, **kwargs):
        drawn[label] = list(y)
        return plot(axes, x, y, *args, label=label, **kwargs)

    def spy_fill(axes, x, low, high, **kwargs):
        drawn.setdefault("ranges", []).append((list(low), list(high)))
        return fill(axes, x, low, high, **kwargs)

    monkeypatch.setattr(Axes, "plot", spy_plot)
    monkeypatch.setattr(Axes, "fill_between", spy_fill)
    runs = {"phase 2": [tmp_path / "a", tmp_path / "b"]}
    draw_curves(runs, tmp_path / "curves.png")
    assert drawn["phase 2: loss_key"] == [5.0, 4.0]
    assert drawn["phase 2: lr"] == [1.0, 1.0]
    assert ([4.0, 2.0], [6.0, 6.0]) in drawn["ranges"]
    with pytest.raises(FileExistsError):
        draw_curves(runs, tmp_path / "curves.png")


def test_the_terms_of_a_neck_and_its_noise_are_drawn(tmp_path, monkeypatch):
    lines = [
        dict(loss_separation=3.0 - s, choice_noise=0.4 / s, step=s) for s in (1, 2)
    ]
    write_log(tmp_path / "a", "1", lines)
    drawn, plot = {}, Axes.plot

    def spy(axes, x, y, *args, label, **kwargs):
        drawn[label] = list(y)
        return plot(axes, x, y, *args, label=label, **kwargs)

    monkeypatch.setattr(Axes, "plot", spy)
    draw_curves({"a": [tmp_path / "a"]}, tmp_path / "curves.png")
    assert drawn == {"a: loss_separation": [2.0, 1.0], "a: choice_noise": [1.0, 0.5]}


def test_there_is_a_panel_for_what_was_logged():
    logs = [dict(lr={1: 0.1}, time={1: 3}), dict(matching_entropy={2: 0.9})]
    assert [*logged_panels(logs)] == [
        "schedules, as a share of their largest value",
        "use of the pool",
    ]
    assert logged_panels([dict(step={1: 1})]) == {}


def test_a_run_too_short_for_a_line_has_a_picture(tmp_path):
    draw_curves({"short": [tmp_path]}, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
