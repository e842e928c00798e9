"""Checks what a user downloaded of a benchmark, and completes its split lists."""

from lpt_mm.datasets.preparation.benchmarks import BENCHMARKS
from lpt_mm.datasets.preparation.findings import Finding, print_findings
from lpt_mm.datasets.preparation.parts import Benchmark
from lpt_mm.datasets.preparation.prepare import prepare

__all__ = ["BENCHMARKS", "Benchmark", "Finding", "prepare", "print_findings"]
