"""CIFAR-100-LT."""

from mmpretrain.datasets import CIFAR100
from mmpretrain.registry import DATASETS

from lpt_mm.datasets.long_tailed_cifar10 import LongTailedCIFAR10


@DATASETS.register_module()
class LongTailedCIFAR100(LongTailedCIFAR10, CIFAR100):
    """The training images of CIFAR-100, made long-tailed.

    All arguments are those of :class:`LongTailedCIFAR10`.
    """
