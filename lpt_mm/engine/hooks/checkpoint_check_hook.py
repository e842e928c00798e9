"""Nothing in a checkpoint is believed before it was looked at."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from lpt_mm.engine.checkpoint_content import keep_known


@HOOKS.register_module()
class CheckpointCheckHook(Hook):
    """Take out of a checkpoint what is not known, before anything is done with it.

    So no text of it reaches a parser, and no hook an object of another type than it
    expects.
    """

    priority = "HIGHEST"

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Look at what was loaded.

        Args:
            runner: Loads it, to train or to test.
            checkpoint: The checkpoint just read; it is changed.

        Raises:
            WeightFileError: If a fact in it is not of its type.
        """
        keep_known(checkpoint)
