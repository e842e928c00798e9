"""What is done once, before training: published benchmarks, and folders of one's own.

Of a benchmark the user's downloads are checked and its split lists completed; a folder
of class folders is split and gets configs.
"""

from lpt_mm.preparation.benchmarks import BENCHMARKS
from lpt_mm.preparation.part_state import PartState, print_states
from lpt_mm.preparation.parts import Benchmark
from lpt_mm.preparation.prepare import prepare

__all__ = ["BENCHMARKS", "Benchmark", "PartState", "prepare", "print_states"]
