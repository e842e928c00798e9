"""What hooks ask before a run."""

from mmengine.runner import BaseLoop, Runner


def training_is_ahead(runner: Runner) -> bool:
    """Tell whether a run will train, and not only validate, test, or test once more."""
    loop_is_built = isinstance(runner._train_loop, BaseLoop)
    return loop_is_built and runner.iter < runner.max_iters
