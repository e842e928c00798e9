"""Data sets, samplers and transforms: what training and testing read.

Benchmarks are read from split lists, folders or iNaturalist's JSON files, and
``LongTailedSubset`` makes any data set long-tailed, such as CIFAR; digits and glyphs
need no download. The samplers draw, and ``DualSamplerDataset`` reads what they drew, in
phase 1 as in phase 2. The transforms read image files.
"""

from lpt_mm.datasets.digits_lt import DigitsLT
from lpt_mm.datasets.dual_sampler_dataset import DualSamplerDataset, dual_collate
from lpt_mm.datasets.fresh_copies import copy_subsets_afresh
from lpt_mm.datasets.imagenet_shift import ImageNetShift
from lpt_mm.datasets.inaturalist18 import INaturalist18
from lpt_mm.datasets.long_tailed_subset import LongTailedSubset
from lpt_mm.datasets.rendered_glyphs import RenderedGlyphs
from lpt_mm.datasets.samplers import ClassBalancedSampler, DualSampler
from lpt_mm.datasets.split_list import SplitList
from lpt_mm.datasets.transforms import (
    CornerCrops,
    GaussianNoise,
    GrowingSquareCrop,
    LoadImage,
    LoadRandomResizedCrop,
)

__all__ = [
    "ClassBalancedSampler",
    "CornerCrops",
    "DigitsLT",
    "DualSampler",
    "DualSamplerDataset",
    "GaussianNoise",
    "GrowingSquareCrop",
    "INaturalist18",
    "ImageNetShift",
    "LoadImage",
    "LoadRandomResizedCrop",
    "LongTailedSubset",
    "RenderedGlyphs",
    "SplitList",
    "dual_collate",
]

copy_subsets_afresh()
