"""Training machinery: hooks, optimizer wrappers and the launching of runs."""

from lpt_mm.engine import hooks, optimizers

__all__ = ["hooks", "optimizers"]
