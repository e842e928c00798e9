"""A runner for people who watch a terminal."""

import logging
import sys

from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner


class TerminalRunner(Runner):
    """``Runner`` that shows warnings alone; the log file has every line.

    mmengine prints some 300 lines on the environment, the config and the hooks before
    the first number. ``ProgressHook`` shows how far the run is in their place.
    """

    def build_logger(self, *args: object, **kwargs: object) -> MMLogger:
        """Build mmengine's logger; its lines for the terminal begin at warnings."""
        logger = super().build_logger(*args, **kwargs)
        for handler in terminal_handlers(logger):
            handler.setLevel(max(handler.level, logging.WARNING))
            # Not for users is what mmengine says of its own old names.
            handler.addFilter(
                lambda line: "will be deprecated" not in line.getMessage()
            )
        return logger


def terminal_handlers(logger: logging.Logger) -> list[logging.Handler]:
    """Find what a logger prints with, other than into files."""
    return [x for x in logger.handlers if type(x) is logging.StreamHandler]


def build_runner(cfg: Config) -> Runner:
    """Build a runner that shows its progress on a terminal, and else prints its log."""
    return (TerminalRunner if sys.stdout.isatty() else Runner).from_cfg(cfg)
