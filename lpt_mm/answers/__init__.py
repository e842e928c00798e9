"""From scores to answers: temperature, prior, sets of classes, coarser answers."""

from lpt_mm.answers.posterior import Posterior

__all__ = ["Posterior"]
