"""A whole checkpoint is there at any moment, whatever happens while one is saved."""

import errno
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub
from mmpretrain.registry import HOOKS

from lpt_mm.engine.hooks.safe_checkpoint_hook import AtomicBackend, SaveError
from lpt_mm.engine.start import latest_checkpoint
from lpt_mm.weights.reading import read_file

names = Counter()


class FakeRunner(SimpleNamespace):
    """Saves as mmengine's runner does."""

    def save_checkpoint(self, out_dir, filename, *_, backend_args=None, **__):
        hook = self.hook
        content = f"{filename} {self.epoch}".encode()
        hook.file_backend.put(content, f"{out_dir}/{filename}")


def make_runner(folder, **kwargs):
    hook = HOOKS.build(dict(type="SafeCheckpointHook", interval=1, **kwargs))
    names["hub"] += 1
    runner = FakeRunner(
        hook=hook,
        work_dir=str(folder),
        epoch=0,
        iter=0,
        logger=SimpleNamespace(info=lambda *_: None, warning=lambda *_: None),
        message_hub=MessageHub.get_instance(f"safe{names['hub']}"),
        max_epochs=9,
    )
    hook.before_train(runner)
    return runner


def save(runner):
    runner.hook.after_train_epoch(runner)
    runner.epoch += 1


def files(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def test_the_newest_ones_are_kept(tmp_path):
    runner = make_runner(tmp_path, max_keep_ckpts=2)
    for _ in range(4):
        save(runner)
    assert files(tmp_path) == ["epoch_3.pth", "epoch_4.pth", "last_checkpoint"]
    assert latest_checkpoint(str(tmp_path)) == str(tmp_path / "epoch_4.pth")
    assert runner.message_hub.get_info("keep_ckpt_ids") == [3, 4]


def test_a_resumed_run_goes_on_counting(tmp_path):
    runner = make_runner(tmp_path, max_keep_ckpts=2)
    for _ in range(2):
        save(runner)
    hub, runner = runner.message_hub, make_runner(tmp_path, max_keep_ckpts=2)
    runner.message_hub.update_info("keep_ckpt_ids", hub.get_info("keep_ckpt_ids"))
    runner.epoch = 2
    runner.hook.out_dir = None
    runner.hook.before_train(runner)
    save(runner)
    assert files(tmp_path) == ["epoch_2.pth", "epoch_3.pth", "last_checkpoint"]


@pytest.mark.parametrize("keep", [1, 2])
@pytest.mark.parametrize("written", ["epoch_2.pth", "last_checkpoint"])
def test_a_full_disk_leaves_what_was_saved(tmp_path, monkeypatch, keep, written):
    runner = make_runner(tmp_path, max_keep_ckpts=keep)
    save(runner)
    write = Path.write_bytes

    def full(self, content):
        if written in self.name:
            write(self, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(SaveError, match=rf"{written}' could not be saved \(No space.*"):
        save(runner)
    assert latest_checkpoint(str(tmp_path)) == str(tmp_path / "epoch_1.pth")
    assert (tmp_path / "epoch_1.pth").read_bytes() == b"epoch_1.pth 0"
    assert not list(tmp_path.glob(".*"))


def test_a_record_never_names_what_is_not_whole(tmp_path, monkeypatch):
    """Look at the folder after every single change to it."""
    seen = []

    def look():
        record = tmp_path / "last_checkpoint"
        if record.exists():
            named = Path(record.read_text())
            assert named.read_bytes().startswith(named.name.encode())
            seen.append(named.name)

    for owner, name in ((Path, "write_bytes"), (Path, "replace"), (Path, "unlink")):
        real = getattr(owner, name)
        monkeypatch.setattr(
            owner,
            name,
            lambda *args, real=real, **kwargs: (look(), real(*args, **kwargs), look()),
        )
    remove = AtomicBackend.remove
    monkeypatch.setattr(
        AtomicBackend, "remove", lambda *args: (look(), remove(*args), look())
    )
    runner = make_runner(tmp_path, max_keep_ckpts=1)
    for _ in range(3):
        save(runner)
    assert sorted(set(seen)) == ["epoch_1.pth", "epoch_2.pth", "epoch_3.pth"]
    assert files(tmp_path) == ["epoch_3.pth", "last_checkpoint"]


def test_the_best_one_is_replaced_only_by_a_whole_one(tmp_path, monkeypatch):
    runner = make_runner(tmp_path, max_keep_ckpts=1, save_best="acc", rule="greater")
    save(runner)
    runner.hook.after_val_epoch(runner, dict(acc=50.0))
    assert "best_acc_epoch_1.pth" in files(tmp_path)
    save(runner)
    put = AtomicBackend.put

    def full(self, content, path):
        if "best" in str(path):
            raise SaveError("full")
        put(self, content, path)

    with monkeypatch.context() as patch:
        patch.setattr(AtomicBackend, "put", full)
        with pytest.raises(SaveError):
            runner.hook.after_val_epoch(runner, dict(acc=60.0))
    assert "best_acc_epoch_1.pth" in files(tmp_path)
    runner.message_hub.update_info("best_score", 50.0)  # as in the last checkpoint
    runner.hook.best_ckpt_path = str(tmp_path / "best_acc_epoch_1.pth")
    runner.hook.after_val_epoch(runner, dict(acc=60.0))
    assert files(tmp_path) == ["best_acc_epoch_2.pth", "epoch_2.pth", "last_checkpoint"]


def test_other_places_to_save_to_are_possible(tmp_path):
    runner = make_runner(tmp_path, backend_args=dict(backend="local"))
    save(runner)
    assert type(runner.hook.file_backend).__name__ == "LocalBackend"
    assert files(tmp_path) == ["epoch_1.pth", "last_checkpoint"]


def test_what_torch_saves_is_read(tmp_path):
    torch.save(dict(state_dict=dict(w=torch.ones(2))), tmp_path / "a")
    AtomicBackend().put((tmp_path / "a").read_bytes(), tmp_path / "b.pth")
    assert read_file(tmp_path / "b.pth").tensors["w"].tolist() == [1, 1]
