"""What a run starts from, where the Runner is all that starts it, as in a notebook."""

import subprocess
import sys
from pathlib import Path

import mmpretrain
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from lpt_mm.weights.errors import WeightFileError
from tests.conftest import ROOT
from tests.test_engine.short_runs import make_runner, read


@pytest.fixture(scope="module")
def phase1(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "phase1_digits_lt"
    runner, _ = make_runner(folder, epochs=2)
    runner.train()
    return folder


def make_phase2(folder, phase1=None, **changes):
    start = dict(phase1_work_dir=phase1 and str(phase1))
    runner, _ = make_runner(folder, config="phase2", epochs=1, **start, **changes)
    return runner


def rewrite(checkpoint, to, change):
    content = read(checkpoint)
    change(content)
    to.parent.mkdir(exist_ok=True)
    torch.save(content, to)
    (to.parent / "last_checkpoint").write_text(str(to))
    return to


def test_phase2_takes_up_phase1(phase1, tmp_path):
    runner = make_phase2(tmp_path, phase1)
    runner.train()
    prompts = runner.model.backbone.shared_prompts
    trained = read(phase1 / "epoch_2.pth")["state_dict"]["backbone.shared_prompts"]
    assert torch.equal(prompts, trained)


def test_phase2_never_trains_on_random_prompts(phase1, tmp_path):
    with pytest.raises(FileNotFoundError, match="gone has no checkpoint: first run"):
        make_phase2(tmp_path / "a", tmp_path / "gone").train()
    with pytest.raises(ValueError, match="prompts and tunings are frozen .*nothing"):
        make_phase2(tmp_path / "b").train()
    runner = make_phase2(tmp_path / "c", load_from=str(phase1 / "epoch_1.pth"))
    runner.train()  # what is named is taken
    assert not list(tmp_path.glob("[ab]/*.pth"))


def test_the_toolbox_starts_phase2_by_the_same_rules(run_here):
    tool = Path(mmpretrain.__file__).parent / ".mim" / "tools" / "train.py"
    config = ROOT / "configs" / "lpt" / "phase2_digits_lt.py"
    with pytest.raises(FileNotFoundError, match="phase 2 starts from phase 1, but"):
        run_here(tool, config, "--no-pin-memory", "--no-persistent-workers")


def test_phase2_does_not_start_from_half_of_phase1(phase1, tmp_path):
    file = phase1 / "epoch_2.pth"
    half = tmp_path / "half" / "epoch_29.pth"

    def change(content):
        content["meta"]["epoch"] = 29
        content["meta"]["run"]["max_epochs"] = 400

    rewrite(file, half, change)
    with pytest.raises(WeightFileError, match=r"has done 29 of 400 epochs: go on with"):
        make_phase2(tmp_path / "a", half.parent).train()
    make_phase2(tmp_path / "b", half.parent, load_from=str(half)).train()


def test_phase2_does_not_start_from_phase2(phase1, tmp_path):
    make_phase2(tmp_path / "first", phase1).train()
    with pytest.raises(WeightFileError, match="is of phase 2, which starts from"):
        make_phase2(tmp_path / "second", tmp_path / "first").train()


def test_classes_in_another_order_are_refused(phase1, tmp_path):
    turned = tmp_path / "turned" / "epoch_2.pth"
    rewrite(
        phase1 / "epoch_2.pth",
        turned,
        lambda c: c["meta"].update(
            dataset_meta=dict(classes=c["meta"]["dataset_meta"]["classes"][::-1])
        ),
    )
    with pytest.raises(WeightFileError, match="the same, in another order"):
        make_phase2(tmp_path / "a", turned.parent).train()
    runner, _ = make_runner(tmp_path / "b", resume=turned)
    with pytest.raises(WeightFileError, match="the same, in another order"):
        runner.train()


def test_a_checkpoint_that_does_not_fit_is_refused(phase1, tmp_path):
    """mmengine only warns of it."""
    change = {"model.backbone.prompt_length": 3}
    with pytest.raises(WeightFileError, match=r"shared_prompts is \(6, 1, 64\)"):
        make_phase2(tmp_path, phase1, **change).train()
    runner, _ = make_runner(tmp_path, **change)
    runner._load_from = str(phase1 / "epoch_2.pth")
    with pytest.raises(WeightFileError, match=r"shared_prompts is \(6, 1, 64\)"):
        runner.test()


def test_a_run_goes_on_from_the_newest_good_checkpoint_of_its_folder(phase1, tmp_path):
    run = tmp_path / "moved"
    run.mkdir()
    for name in ("epoch_1.pth", "epoch_2.pth", "last_checkpoint"):
        (run / name).write_bytes((phase1 / name).read_bytes())
    (run / "epoch_2.pth").write_bytes(b"PK damaged")
    runner, record = make_runner(run, epochs=2, resume=True)
    runner._load_from = None
    runner.train()
    assert list(record.steps) == list(range(5, 10))


def test_no_run_writes_over_another(phase1, tmp_path):
    before = sorted(phase1.iterdir())
    runner, _ = make_runner(phase1)
    with pytest.raises(FileExistsError, match="has the checkpoints of another run"):
        runner.train()
    runner, _ = make_runner(tmp_path, epochs=1)
    runner.train()
    runner, _ = make_runner(tmp_path, resume=phase1 / "epoch_1.pth")
    with pytest.raises(FileExistsError, match=r"another run \(epoch_1\.pth\)"):
        runner.train()
    assert [p for p in sorted(phase1.iterdir()) if p.suffix == ".pth"] == [
        p for p in before if p.suffix == ".pth"
    ]


def test_two_runs_at_once_need_two_folders(tmp_path):
    runner, _ = make_runner(tmp_path, epochs=1)
    lock = "import fcntl; fcntl.lockf(f := open('.running', 'w'), fcntl.LOCK_EX)"
    command = [sys.executable, "-c", f"{lock}; print(flush=True); input()"]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with subprocess.Popen(command, cwd=tmp_path, **pipes) as other:
        other.stdout.readline()
        with pytest.raises(BlockingIOError, match="another run is at work in"):
            runner.train()
        other.communicate(b"\n")
    make_runner(tmp_path, epochs=1)[0].train()


def test_a_run_that_failed_does_not_lock_its_folder_for_the_next(tmp_path):
    runner, record = make_runner(tmp_path, epochs=1)
    record.before_train = lambda runner: 1 / 0
    with pytest.raises(ZeroDivisionError):
        runner.train()
    again, _ = make_runner(tmp_path, epochs=1)
    again.train()


def test_a_whole_checkpoint_needs_no_other_backbone(phase1, tmp_path):
    runner, _ = make_runner(
        tmp_path / "a", **{"default_hooks.plain_checkpoint.with_backbone": True}
    )
    runner.train()
    gone = {"model.backbone.init_cfg.checkpoint": "gone.pth"}
    make_phase2(tmp_path / "b", tmp_path / "a", **gone).train()


def test_other_starts_are_left_alone(tmp_path):
    """A Runner without this package's hooks, or without a config file."""
    cfg = Config.fromfile(ROOT / "configs" / "lpt" / "phase1_digits_lt.py")
    cfg.merge_from_dict(dict(work_dir=str(tmp_path), log_level="ERROR"))
    cfg.train_cfg.max_epochs = 1
    runner = Runner.from_cfg(Config(cfg.to_dict()))
    runner.train()
    assert (tmp_path / "epoch_1.pth").is_file()
    assert runner.test()["long_tail/overall"] > 10


def test_a_test_of_random_weights_is_warned_of(tmp_path):
    runner, _ = make_runner(tmp_path)
    said = []
    runner.logger.warning = said.append
    runner.test()
    assert any(line.startswith("no checkpoint is loaded") for line in said)
