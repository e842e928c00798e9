"""Gradients that are added up over several batches."""

from collections.abc import Mapping

from mmengine.optim import OptimWrapper


def accumulative_counts(optim_wrapper: OptimWrapper | Mapping | None) -> int:
    """Count the batches of a step of the optimizer.

    Args:
        optim_wrapper: The wrapper, or its config.

    Returns:
        Its ``accumulative_counts``, by default 1.
    """
    if isinstance(optim_wrapper, OptimWrapper):
        return optim_wrapper._accumulative_counts
    return (optim_wrapper or {}).get("accumulative_counts", 1)
