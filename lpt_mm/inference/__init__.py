"""After training: predictors, and the packs that they come from."""

from lpt_mm.inference.batch_predictor import BatchPredictor
from lpt_mm.inference.packing import make_pack, publish
from lpt_mm.inference.prediction import Prediction
from lpt_mm.inference.predictor import Predictor
from lpt_mm.inference.tasks import Tasks

__all__ = [
    "BatchPredictor",
    "Prediction",
    "Predictor",
    "Tasks",
    "make_pack",
    "publish",
]
