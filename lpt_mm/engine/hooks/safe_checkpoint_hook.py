"""Checkpoints that no crash can take away."""

from copy import copy
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.fileio import BaseStorageBackend, LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from lpt_mm.utils.new_file import replace_file


class SaveError(OSError):
    """Something could not be saved; the message is for users, in one line."""


@register_backend("AtomicBackend")
class AtomicBackend(LocalBackend):
    """mmengine's files on the local disk, which appear only when they are complete."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file; if that fails, an older one of its name is left as it was."""
        try:
            replace_file(filepath, obj)
        except OSError as error:
            raise SaveError(
                f"'{filepath}' could not be saved ({error.strerror}); what was saved "
                "before is whole: make room, and go on with --resume"
            ) from error


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """``CheckpointHook`` that always leaves a whole checkpoint behind.

    A checkpoint appears under its name when it is complete and on the disk; then
    ``last_checkpoint`` names it; then older ones are removed, if they are in the run's
    own folder. (mmengine's hook removes first, and writes both files in place.)

    Args:
        backend_args: Where to save; on the local disk by default ``AtomicBackend``.
        **kwargs: Arguments of ``CheckpointHook``.
    """

    def __init__(self, *, backend_args: dict | None = None, **kwargs: object) -> None:
        if backend_args is None and "://" not in str(kwargs.get("out_dir")):
            backend_args = dict(backend=AtomicBackend.__name__)
        super().__init__(backend_args=backend_args, **kwargs)

    def before_train(self, runner: Runner) -> None:
        """Take up the best checkpoints so far, if they are in the run's own folder."""
        super().before_train(runner)
        hub = runner.message_hub
        for key in [key for key in hub.runtime_info if key.startswith("best_ckpt")]:
            name = Path(hub.get_info(key)).name
            own = self.file_backend.join_path(self.out_dir, name)
            if name.startswith("best_") and self.file_backend.isfile(own):
                hub.update_info(key, own)
            else:
                hub.pop_info(key)
        # The first for one indicator, the second for several.
        self.best_ckpt_path = hub.runtime_info.get("best_ckpt")
        self.best_ckpt_path_dict = {
            indicator: hub.runtime_info.get(f"best_ckpt_{indicator}")
            for indicator in self.save_best or ()
        }

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        hub, backend, before = runner.message_hub, self.file_backend, []
        name = self.filename_tmpl.format(step)
        self.last_ckpt = backend.join_path(self.out_dir, name)
        hub.update_info("last_ckpt", self.last_ckpt)
        if self.max_keep_ckpts > 0:
            before = list(self.keep_ckpt_ids)
            if step not in before:
                self.keep_ckpt_ids.append(step)  # drops the oldest of too many
            hub.update_info("keep_ckpt_ids", list(self.keep_ckpt_ids))
        runner.save_checkpoint(
            self.out_dir,
            name,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if not is_main_process():
            return
        record = str(Path(runner.work_dir) / "last_checkpoint")
        AtomicBackend().put(self.last_ckpt.encode(), record)
        for old in before:
            if old not in self.keep_ckpt_ids:
                name = self.filename_tmpl.format(old)
                _remove(backend, backend.join_path(self.out_dir, name))

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        """Remove files only once all that was to be saved has been."""
        backend, outdated = self.file_backend, []
        self.file_backend = copy(backend)
        self.file_backend.remove = outdated.append
        try:
            super()._save_best_checkpoint(runner, metrics)
        finally:
            self.file_backend = backend
        for old in outdated:
            _remove(backend, old)


def _remove(backend: BaseStorageBackend, path: str) -> None:
    if backend.isfile(path):
        backend.remove(path)
