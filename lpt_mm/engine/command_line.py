"""What the command lines in ``tools/`` have in common: options, and how they end."""

import argparse
import gc
import sys
from collections.abc import Callable

from mmengine.config import DictAction

from lpt_mm.engine.processes import close_processes, describe_loss
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable

LAUNCHERS = ("none", "pytorch", "slurm", "mpi")
INTERRUPTED = 130  # what shells expect after Ctrl-C


def make_parser(description: str) -> argparse.ArgumentParser:
    """Make a parser whose help keeps the lines of a description."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Declare how a command changes values of its configs."""
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action=DictAction,
        metavar="KEY=VALUE",
        help="config values to change: model.backbone.prompt_length=5",
    )


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of training and testing."""
    parser.add_argument("--work-dir", help="folder of logs and checkpoints")
    add_config_options(parser)
    parser.add_argument(
        "--launcher", choices=LAUNCHERS, default="none", help="how processes start"
    )
    # Older launchers pass the rank as an option instead of in the environment.
    parser.add_argument("--local_rank", "--local-rank", type=int, default=0)


def add_tta_option(parser: argparse.ArgumentParser) -> None:
    """Declare test-time ensembling."""
    parser.add_argument(
        "--tta",
        action="store_true",
        help="average what the model says of five crops of each image, or of those "
        "that the config or pack names",
    )


def add_group_option(parser: argparse.ArgumentParser, purpose: str) -> None:
    """Declare what tells which images belong together."""
    parser.add_argument(
        "--group-by",
        metavar="GROUPS",
        help=f"{purpose}: a number, 1 for the folder that an image lies in, 2 for the "
        "one above; a regular expression with one (group), searched in the path; or "
        "FILE.csv:COLUMN, a table whose column path is relative to its folder",
    )


def run_tool(main: Callable[[], None]) -> None:
    """Run a command; end in one line where a traceback would tell the user nothing."""
    gc.freeze()  # mmengine collects garbage for each data set: what is imported is none
    try:
        main()
        close_processes()
    except KeyboardInterrupt as interrupt:
        sys.stderr.write(f"{str(interrupt) or 'stopped'}\n")
        sys.exit(INTERRUPTED)
    except (OSError, UserError, RuntimeError) as error:
        sys.exit(f"error: {describe_error(error)}")
    finally:
        gc.unfreeze()


def describe_error(error: Exception) -> str:
    """Say in printable lines what the user can do about an error; raise a defect."""
    if lost := describe_loss(error):
        return printable(lost)
    if not isinstance(error, OSError | UserError):
        raise error
    message = str(error)
    if "Original Traceback" in message:  # of a worker process; what matters is last
        message = message.splitlines()[-1]
    return "\n".join(map(printable, message.splitlines()))
