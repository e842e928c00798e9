"""Training machinery: hooks, loops, optimizer wrappers and the launching of runs."""

from lpt_mm.engine import hooks, loops, optimizers

__all__ = ["hooks", "loops", "optimizers"]
