"""A hook that lets the second process die; configs of test_processes.py import it."""

import os
import signal
from pathlib import Path

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS


@HOOKS.register_module(force=True)
class Dying(Hook):
    """Die in the third step, or make its images NaN.

    Args:
        way: ``'exit'``, ``'kill'`` or ``'nan'``.
    """

    def __init__(self, way: str) -> None:
        self.way = way

    def before_train(self, runner: Runner) -> None:
        """Note the process."""
        Path(f"{runner.rank}.pid").write_text(str(os.getpid()))

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Die."""
        if runner.rank != 1 or runner.iter != 2:
            return
        if self.way == "exit":
            os._exit(7)
        if self.way == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        data_batch["inputs"] = data_batch["inputs"].float() * float("nan")
