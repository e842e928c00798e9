"""What is done once, before training: published benchmarks, and folders of one's own.

Of a benchmark the user's downloads are checked and its split lists completed; a folder
of class folders is split and gets configs.
"""

from lpt_mm.preparation.benchmarks import BENCHMARKS, PartState
from lpt_mm.preparation.prepare import prepare, print_states

__all__ = ["BENCHMARKS", "PartState", "prepare", "print_states"]
