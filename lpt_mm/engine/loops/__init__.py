"""Training loops."""

from lpt_mm.engine.loops.ensemble_test_loop import EnsembleTestLoop
from lpt_mm.engine.loops.resumable_train_loop import ResumableTrainLoop

__all__ = ["EnsembleTestLoop", "ResumableTrainLoop"]
