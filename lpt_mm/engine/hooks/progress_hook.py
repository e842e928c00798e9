"""How far a run is, and the time that is left."""

import atexit
import logging
import sys

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmpretrain.registry import HOOKS
from rich.console import Console
from rich.progress import Progress, TaskID

from lpt_mm.engine.terminal_runner import TerminalRunner, terminal_handlers
from lpt_mm.utils.progress import progress_bar

TASKS = dict(train="training", val="validation", test="test")  # by mmengine's modes


@HOOKS.register_module()
class ProgressHook(Hook):
    """Show a progress bar where the lines of the log are not shown.

    That is in ``TerminalRunner``, which the tools use on a terminal. A training has one
    bar over all its epochs, with the last loss and accuracy; validations and tests have
    their own, while they last.
    """

    priority = "VERY_LOW"  # after what is shown was computed

    def __init__(self) -> None:
        self._draws = False
        self._handlers: list[logging.StreamHandler] = []
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._state = self._accuracy = ""

    def before_run(self, runner: Runner) -> None:
        """Find out whether there are lines."""
        self._handlers = terminal_handlers(runner.logger)
        self._draws = is_main_process() and isinstance(runner, TerminalRunner)

    def after_run(self, runner: Runner) -> None:
        """Leave the terminal to others."""
        self._stop()

    def before_train(self, runner: Runner) -> None:
        """Show the training."""
        self._show("train", runner.max_iters, runner.iter)

    def before_val(self, runner: Runner) -> None:
        """Show the validation."""
        self._show("val", len(runner.val_dataloader))

    def before_test(self, runner: Runner) -> None:
        """Show the test."""
        self._show("test", len(runner.test_dataloader))

    def _after_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: object = None,
        outputs: object = None,
        mode: str = "train",
    ) -> None:
        """Count a step or a batch."""
        if self._draws and mode == "train":
            where = f"step {runner.iter + 1:,}"
            if isinstance(runner.train_loop, EpochBasedTrainLoop):
                where = f"epoch {runner.epoch + 1} of {runner.max_epochs}"
            loss = runner.message_hub.get_scalar("train/loss").current()
            self._state = f"{where}, loss {loss:.3f}"
        self._update(mode, steps=1)

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Keep the accuracy in view."""
        self._hide("val")
        accuracy = (metrics or {}).get("long_tail/overall")
        if accuracy is not None and "train" in self._tasks:
            self._accuracy = f", validation {accuracy:.2f} %"
            self._update("train", steps=0)

    def after_test(self, runner: Runner) -> None:
        """Take the bar away."""
        self._hide("test")

    def _show(self, mode: str, total: int, done: int = 0) -> None:
        if not self._draws:
            return
        if self._bar is None:
            self._bar = progress_bar(console=Console())
            self._bar.start()
            atexit.register(self._stop)  # else an error may leave no cursor
            self._print_anew()
        name = TASKS[mode]
        self._tasks[mode] = self._bar.add_task(name, total=total, completed=done)

    def _update(self, mode: str, steps: int) -> None:
        if self._draws:
            text = self._state + self._accuracy if mode == "train" else None
            self._bar.update(self._tasks[mode], description=text, advance=steps)

    def _hide(self, mode: str) -> None:
        if self._draws:
            self._bar.remove_task(self._tasks.pop(mode))

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar, self._tasks = None, {}
            atexit.unregister(self._stop)
            self._print_anew()

    def _print_anew(self) -> None:
        """Let the log go to what is standard output now: above the bar, if there is."""
        for handler in self._handlers:
            handler.setStream(sys.stdout)
