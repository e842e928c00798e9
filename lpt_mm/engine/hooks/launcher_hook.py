"""A process that torchrun started does not outlive it."""

import os

from mmengine.hooks import Hook
from mmpretrain.registry import HOOKS
from torch.distributed import is_torchelastic_launched


@HOOKS.register_module()
class LauncherHook(Hook):
    """End the process if torchrun, which started it, is gone, as when it was killed.

    Nobody would watch over it any more, and a run that is started again would meet it.
    """

    def __init__(self) -> None:
        self.launcher = os.getppid() if is_torchelastic_launched() else None

    def _before_iter(self, *args: object, **kwargs: object) -> None:
        """Look for torchrun."""
        if self.launcher not in (None, os.getppid()):
            raise ProcessLookupError(
                "torchrun, which started this process, is gone: start the run again on "
                "all machines, a training with --resume"
            )
