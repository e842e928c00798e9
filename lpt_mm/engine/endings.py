"""How the tools end: with one line for the user."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lpt_mm.engine.processes import describe_loss, is_first_process
from lpt_mm.engine.start import latest_checkpoint
from lpt_mm.utils.text import printable
from lpt_mm.weights.errors import WeightFileError


@contextmanager
def one_line_errors(
    kinds: tuple[type[Exception], ...] = (OSError, WeightFileError),
) -> Iterator[None]:
    """End the program with one line where a traceback would tell the user nothing.

    Args:
        kinds: The errors whose message says all there is to say; that another process
            is lost is told anyway.

    Yields:
        Nothing.
    """
    try:
        yield
    except (RuntimeError, *kinds) as error:
        if lost := describe_loss(error):
            sys.exit(f"error: {printable(lost)}")
        if not isinstance(error, kinds):
            raise
        message = str(error)
        if "Original Traceback" in message:  # of a worker process; what matters is last
            message = message.splitlines()[-1]
        lines = map(printable, message.splitlines())
        sys.exit("error: " + "\n".join(lines))


@contextmanager
def stopped_by_hand(work_dir: str) -> Iterator[None]:
    """End the program with one line where the user interrupts it (Ctrl-C).

    Args:
        work_dir: Folder of the run.

    Yields:
        Nothing.
    """
    try:
        yield
    except KeyboardInterrupt:
        if not is_first_process():  # what is saved lies on the first machine
            sys.exit("stopped")
        saved = latest_checkpoint(work_dir)
        if saved is None:
            sys.exit("stopped before anything was saved")
        sys.exit(f"stopped; {saved} is saved: go on with --resume")
