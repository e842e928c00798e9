"""Training loops."""

from lpt_mm.engine.loops.resumable_train_loop import ResumableTrainLoop

__all__ = ["ResumableTrainLoop"]
