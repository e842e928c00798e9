"""What a hostile checkpoint cannot do, though torch loads it without running code."""

import copy
from collections import OrderedDict

import pytest
import torch

from lpt_mm.engine.hooks.checkpoint_check_hook import keep_known
from lpt_mm.weights.errors import WeightFileError
from tests.test_engine.short_runs import make_runner, read

BEST = {
    "default_hooks.checkpoint.save_best": "long_tail/overall",
    "default_hooks.checkpoint.rule": "greater",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    options = {
        "train_cfg.val_interval": 1,
        "default_hooks.checkpoint.max_keep_ckpts": -1,
    }
    runner, _ = make_runner(folder, epochs=2, **BEST, **options)
    runner.train()
    return folder


def first(state):
    return next(iter(state.values()))


DOUBLE = torch.ones(2, dtype=torch.float64)


def history(values):
    return dict(history_values=values, history_counts=values, max_length=10)


def circle():
    value = {}
    value["a"] = value
    return value


def resume(folder, file, content, **options):
    torch.save(content, folder / file)
    torch.load(folder / file, weights_only=True)
    runner, record = make_runner(
        folder, resume=folder / file, epochs=3, **BEST, **options
    )
    runner.train()
    return record


def test_what_a_run_saves_is_known(run):
    content = read(run / "epoch_2.pth")
    known = copy.deepcopy(content)
    keep_known(known)
    assert known.keys() == content.keys()
    assert content["meta"].keys() - known["meta"].keys() == {"cfg"}


def test_text_of_a_checkpoint_is_never_executed(run, tmp_path):
    content, trap = read(run / "epoch_2.pth"), tmp_path / "trap"
    code = f"x = __import__('os').mkdir({str(trap)!r})"
    for key in ("config", "cfg", "env_info", "experiment_name", "time"):
        content["meta"][key] = code
    content["message_hub"]["runtime_info"]["cfg"] = code
    content["meta"]["gpu_ids"] = [1, 2]
    record = resume(tmp_path, "a.pth", content)
    assert len(record.steps) == 5
    assert not trap.exists()


def test_a_run_in_a_copy_leaves_the_original_alone(run, tmp_path):
    copied = tmp_path / "copied"
    copied.mkdir()
    before = {file.name: file.read_bytes() for file in run.glob("*.pth")}
    (copied / "epoch_2.pth").write_bytes(before["epoch_2.pth"])
    best = next(name for name in before if name.startswith("best_"))
    content = read(copied / "epoch_2.pth")
    info = content["message_hub"]["runtime_info"]
    assert info["best_ckpt"] == str(run / best)
    info["best_score"] = 0.0  # so that the next one is better
    resume(copied, "epoch_2.pth", content)
    assert {file.name: file.read_bytes() for file in run.glob("*.pth")} == before
    assert len(list(copied.glob("best_*.pth"))) == 1


def test_the_best_of_the_own_folder_is_still_replaced(run, tmp_path):
    best = next(run.glob("best_*.pth"))
    (tmp_path / best.name).write_bytes(best.read_bytes())
    content = read(run / "epoch_2.pth")
    content["message_hub"]["runtime_info"]["best_score"] = 0.0
    resume(tmp_path, "a.pth", content, **{"train_cfg.val_interval": 3})
    assert [file.name for file in tmp_path.glob("best_*.pth")] == [
        "best_long_tail_overall_epoch_3.pth"
    ]


@pytest.mark.parametrize("name", ["last_checkpoint", "../best_x.pth", "notes.txt"])
def test_only_what_a_run_saved_is_removed(run, tmp_path, name):
    folder = tmp_path / "run"
    folder.mkdir()
    victim = folder / name
    victim.write_text("mine")
    content = read(run / "epoch_2.pth")
    content["message_hub"]["runtime_info"] |= dict(
        best_ckpt=str(victim), best_score=0.0
    )
    resume(folder, "a.pth", content, **{"train_cfg.val_interval": 3})
    assert name == "last_checkpoint" or victim.read_text() == "mine"
    assert victim.exists()


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("meta.epoch", "1"),
        ("meta.epoch", -1),
        ("meta.epoch", True),
        ("meta.iter", 2**70),
        ("meta.seed", -1),
        ("meta.seed", 2**32),
        ("meta.cls_num_list", [3, 0]),
        ("meta.cls_num_list", "x"),
        ("meta.dataset_meta", dict(classes=[1, 2])),
        ("meta.backbone", dict(source=torch.ones(2))),
        ("meta.preprocessing", {1: 2}),
        ("meta", []),
        ("message_hub", []),
        ("message_hub.runtime_info.keep_ckpt_ids", ["/../../x"]),
        ("message_hub.runtime_info.best_ckpt", 3),
        ("message_hub.runtime_info.best_ckpt_long_tail/few", 3),
        ("message_hub.runtime_info.best_score", "nan"),
        ("message_hub.runtime_info.begun_epoch", [1, 2]),
        ("message_hub.runtime_info.begun_epoch", [1, -2, 3]),
        ("message_hub.runtime_info.best_score", float("nan")),
        ("message_hub.runtime_info.best_score", 10**600),
        ("message_hub.log_scalars.train/loss", dict(history_values=torch.ones(2))),
        ("message_hub.log_scalars.train/loss", history(DOUBLE[:0])),
        ("message_hub.log_scalars.train/loss", history(DOUBLE.to(torch.float8_e5m2))),
        ("message_hub.log_scalars.train/loss", history(DOUBLE[:1].expand(2**40))),
        ("message_hub.log_scalars.train/loss", history(DOUBLE.to_sparse())),
        ("message_hub.log_scalars", {"train/\x1b[2J": history(DOUBLE)}),
        ("meta.run", circle()),
        ("optimizer", None),
        ("param_schedulers", "x"),
        ("state_dict", dict(a=1)),
        ("ema_state_dict", dict(a=1)),
    ],
)
def test_malformed_facts_are_refused_by_name(run, place, value):
    content = read(run / "epoch_2.pth")
    owner, *path = [content, *place.split(".")]
    for key in path[:-1]:
        owner = owner[key]
    owner[path[-1]] = value
    with pytest.raises(WeightFileError, match="damaged: it has no valid "):
        keep_known(content)


@pytest.mark.parametrize(
    "change",
    [
        lambda state: first(state).update(momentum_buffer=torch.ones(7)),
        lambda state: first(state).update(
            momentum_buffer=torch.full((6, 1, 64), torch.nan)
        ),
        lambda state: first(state).update(momentum_buffer=torch.ones(1, 1, 1, 1)),
        lambda state: first(state).update(momentum_buffer=0.5),
        lambda state: first(state).update(momentum_buffer=None),
        lambda state: first(state).update(
            momentum_buffer=torch.full((6, 1, 64), 1e300, dtype=torch.float64)
        ),
        lambda state: first(state).update(
            momentum_buffer=torch.ones(1).expand(6, 1, 64)
        ),
        lambda state: first(state).update(
            momentum_buffer=torch.ones(6, 1, 64).to_sparse()
        ),
        lambda state: first(state).update(other=1),
        lambda state: state.update({99: dict(momentum_buffer=None)}),
        lambda state: state.update({"0": dict(momentum_buffer=None)}),
        lambda state: state.update({next(iter(state)): 5}),
    ],
)
def test_a_state_that_the_optimizer_does_not_have_is_refused(run, tmp_path, change):
    content = read(run / "epoch_2.pth")
    change(content["optimizer"]["state"])
    with pytest.raises(WeightFileError, match="optimizer"):
        resume(tmp_path, "a.pth", content)


def test_settings_of_the_file_do_not_reach_the_optimizer(run, tmp_path):
    content = read(run / "epoch_2.pth")
    content["optimizer"]["param_groups"][0] |= dict(lr=1e9, foreach="x", fused=[1])
    content["param_schedulers"] = [dict(step="x", base_values="y")] * 2
    record = resume(tmp_path, "a.pth", content)
    assert all(rate < 0.1 for rate, *_ in record.steps.values())


@pytest.mark.parametrize(
    ("meta", "begun"),
    [
        (dict(epoch=2, iter=10), [2, 9, 5]),
        (dict(epoch=2, iter=99), [2, 10, 5]),
        (dict(epoch=2, iter=2**50), [2, 10, 2**51]),  # would take years
    ],
)
def test_a_place_in_the_run_that_cannot_be_is_refused(run, tmp_path, meta, begun):
    content = read(run / "epoch_2.pth")
    content["meta"] |= meta
    content["message_hub"]["runtime_info"]["begun_epoch"] = begun
    if begun[1] == 9:  # one step of an epoch, which it may have been
        assert len(resume(tmp_path, "a.pth", content).steps) == 4
    else:
        with pytest.raises(WeightFileError, match="no valid begun_epoch|cannot change"):
            resume(tmp_path, "a.pth", content)


def test_attributes_of_a_dict_do_not_reach_mmengine(run, tmp_path):
    content = read(run / "epoch_2.pth")
    content["state_dict"] = OrderedDict(content["state_dict"])
    content["state_dict"]._metadata = "not a dict"
    assert len(resume(tmp_path, "a.pth", content).steps) == 5


def test_marks_in_the_file_do_not_stop_the_log(run, tmp_path):
    content = read(run / "epoch_2.pth")
    resumed = content["message_hub"]["resumed_keys"]
    content["message_hub"]["resumed_keys"] = dict.fromkeys(resumed, False)
    assert len(resume(tmp_path, "a.pth", content).steps) == 5
