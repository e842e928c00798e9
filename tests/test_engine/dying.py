"""A hook that lets a process die; configs of other tests import it."""

import os
import signal
from pathlib import Path

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS


@HOOKS.register_module(force=True)
class Dying(Hook):
    """Die in the third step, or make its images NaN; not where it is started again.

    Args:
        way: ``'exit'``, ``'kill'``, ``'kill_launcher'`` or ``'nan'``.
        rank: Which process.
    """

    def __init__(self, way: str, rank: int = 1) -> None:
        self.way = way
        self.rank = rank

    def before_train(self, runner: Runner) -> None:
        """Note the process."""
        Path(f"{runner.rank}.pid").write_text(str(os.getpid()))

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Die."""
        again = os.environ["TORCHELASTIC_RESTART_COUNT"] != "0"
        if runner.rank != self.rank or runner.iter != 2 or again:
            return
        if self.way == "exit":
            os._exit(7)
        if self.way == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.way == "kill_launcher":
            os.kill(os.getppid(), signal.SIGKILL)
        if self.way == "nan":
            data_batch["inputs"] = data_batch["inputs"].float() * float("nan")
