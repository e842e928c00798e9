"""How the tools end: with one line for the user, and all processes together."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from torch import distributed

from lpt_mm.engine.start import latest_checkpoint
from lpt_mm.utils.text import printable
from lpt_mm.weights.errors import WeightFileError


@contextmanager
def one_line_errors(
    kinds: tuple[type[Exception], ...] = (OSError, WeightFileError),
) -> Iterator[None]:
    """End the program with one line where a traceback would tell the user nothing.

    Args:
        kinds: The errors whose message says all there is to say.

    Yields:
        Nothing.
    """
    try:
        yield
    except kinds as error:
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
        saved = latest_checkpoint(work_dir)
        if saved is None:
            sys.exit("stopped before anything was saved")
        sys.exit(f"stopped; {saved} is saved: go on with --resume")


def close_processes() -> None:
    """Leave the process group, if there is one, all processes together.

    The caller must not hold the runner any more. A group that lives until the
    interpreter ends has threads that may then ask for an interpreter that is gone,
    which aborts the process.
    """
    if distributed.is_initialized():
        gc.collect()  # the runner and its parts refer to each other, and to the group
        distributed.barrier()
        distributed.destroy_process_group()
