"""One or two samples per draw, for the samplers of long-tailed training sets."""

from collections.abc import Iterator, Sequence
from typing import NoReturn

import torch
from mmengine.dataset import default_collate
from mmengine.registry import FUNCTIONS
from mmpretrain.registry import DATASETS
from torch.utils.data import Dataset

from lpt_mm.datasets.samplers.long_tail_sampler import Draw
from lpt_mm.datasets.substituting_reader import SubstitutingReader
from lpt_mm.datasets.wrapped_dataset import WrappedDataset
from lpt_mm.utils.errors import UserError

CLASS_BALANCED = "class_balanced"
INSTANCE_BALANCED = "instance_balanced"


@DATASETS.register_module()
class DualSamplerDataset(WrappedDataset):
    """Wrap a data set so that an index pair gives two samples, tagged by origin.

    To be used with :class:`DualSampler`, which draws the pairs, and
    :func:`dual_collate`, which makes one batch of them. Source: Long-tailed Prompt
    Tuning, section 4.4, https://arxiv.org/abs/2210.01033. With a sampler of one stream
    (:class:`InstanceBalancedSampler`, :class:`ClassBalancedSampler`,
    :class:`SquareRootSampler`) each draw gives one sample, without a tag.

    What is random in a sample depends on run seed, epoch and draw alone, and so neither
    on the number of workers and processes, nor on whether the run was interrupted.

    Args:
        dataset: Config of the data set; its pipeline must end with ``PackInputs``.
        max_unreadable: How many images may be unreadable; the next one of its class
            stands in for each. By default the first one stops the run.
    """

    def __init__(self, dataset: dict | Dataset, max_unreadable: int = 0) -> None:
        if max_unreadable < 0:
            raise UserError(f"max_unreadable must be 0 or more, got {max_unreadable}")
        super().__init__(dataset)
        self._reader = SubstitutingReader(self.dataset, max_unreadable)
        # Workers that live on see the next epoch only in shared memory.
        self._seed_and_epoch = torch.zeros(2, dtype=torch.int64).share_memory_()

    def start_epoch(self, seed: int, epoch: int) -> None:
        """Set run seed and epoch, which the random numbers of the samples depend on."""
        self._seed_and_epoch.copy_(torch.tensor([seed, epoch]))

    def unreadable(self) -> list[str]:
        """Give the files that could not be read so far, by any process."""
        return self._reader.paths

    def get_subset(self, indices: Sequence[int]) -> NoReturn:
        """Refuse to be divided, as mmengine's wrappers do."""
        raise NotImplementedError(
            "DualSamplerDataset cannot be divided: put KFoldDataset, or what else "
            "divides, into its dataset instead of around it"
        )

    def __iter__(self) -> Iterator[dict]:
        """Read each image once, in order, to look at them."""
        return (self[Draw(index, index)] for index in range(len(self)))

    def __getitem__(self, draw: tuple[int, int] | Draw) -> tuple[dict, dict] | dict:
        """Read the image of a draw, or the two images of a pair.

        The first of a pair is drawn instance-balanced, the other one class-balanced;
        the field ``sampling`` of their data samples says so.
        """
        seed, epoch = self._seed_and_epoch.tolist()
        if isinstance(draw, Draw):
            return self._reader.read(int(draw), (seed, epoch, draw.number))
        if not isinstance(draw, Sequence):
            raise UserError(
                f"DualSamplerDataset needs draws, got the plain index {draw!r}: set "
                "sampler=dict(type='DualSampler') in the data loader, or another of "
                "lpt_mm.datasets.samplers"
            )
        samples = []
        for stream, tag in enumerate((INSTANCE_BALANCED, CLASS_BALANCED)):
            # The instance-balanced index comes once in an epoch, the other one again.
            sample = self._reader.read(draw[stream], (seed, epoch, draw[0], stream))
            sample["data_samples"].set_field(tag, "sampling", field_type="metainfo")
            samples.append(sample)
        return tuple(samples)


@FUNCTIONS.register_module()
def dual_collate(draws: Sequence[tuple[dict, dict] | dict]) -> dict:
    """Make one batch of B samples, or of B pairs, the instance-balanced ones first.

    It has ``inputs`` (B or 2B, 3, H, W) and the list of ``data_samples``.
    """
    if isinstance(draws[0], dict):
        return default_collate(draws)
    instance, balanced = zip(*draws, strict=True)
    return default_collate([*instance, *balanced])
