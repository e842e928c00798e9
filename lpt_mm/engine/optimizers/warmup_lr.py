"""A warm-up that fits runs of any length."""

from mmengine.optim import LinearLR
from mmpretrain.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class WarmupLR(LinearLR):
    """Let the learning rate rise linearly, step by step, at the beginning of a run.

    It rises for ``epochs`` epochs, but for two steps at least and half of the run at
    most; where that is less than two steps, not at all. (``LinearLR`` never ends its
    rise where an epoch has one step.) To be used with ``convert_to_iter_based=True``.

    Args:
        *args: Positional arguments of ``LinearLR``.
        epochs: Length of the rise.
        **kwargs: Keyword arguments of ``LinearLR``, such as ``start_factor``.
    """

    @classmethod
    def build_iter_from_epoch(
        cls, *args: object, epochs: float = 1, **kwargs: object
    ) -> "WarmupLR":
        """Build the warm-up of a run of ``end`` epochs of ``epoch_length`` steps."""
        epoch_length = kwargs.pop("epoch_length")
        run = kwargs.pop("end") * epoch_length
        steps = min(max(2, round(epochs * epoch_length)), run // 2)
        if steps < 2:
            steps, kwargs["start_factor"] = 1, 1.0
        return cls(*args, **kwargs | dict(begin=0, end=steps, by_epoch=False))
