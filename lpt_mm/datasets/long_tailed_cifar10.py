"""CIFAR-10-LT."""

from mmpretrain.datasets import CIFAR10
from mmpretrain.registry import DATASETS

from lpt_mm.datasets.long_tail import draw_long_tail, long_tailed_counts


@DATASETS.register_module()
class LongTailedCIFAR10(CIFAR10):
    """The training images of CIFAR-10, made long-tailed.

    Class 0 keeps all its images. The test images are those of ``CIFAR10``. Images are
    RGB, so the data preprocessor needs ``to_rgb=False``.

    Args:
        imbalance_ratio: Images of the most frequent class over those of the rarest.
        imbalance_type: ``'exp'`` or ``'step'``, see :func:`long_tailed_counts`.
        seed: Seed of the choice of images.
        **kwargs: Arguments of ``CIFAR10``, but for ``split``.

    Raises:
        ValueError: If the imbalance is impossible.
    """

    def __init__(
        self,
        imbalance_ratio: float,
        imbalance_type: str = "exp",
        seed: int = 0,
        **kwargs: object,
    ) -> None:
        self.imbalance = (imbalance_ratio, imbalance_type)
        self.seed = seed
        super().__init__(split="train", **kwargs)

    def load_data_list(self) -> list[dict]:
        """Load the images and choose among them.

        Returns:
            One dict per image: ``img`` (32, 32, 3) uint8 RGB, ``gt_label``.
        """
        images = super().load_data_list()
        labels = [image["gt_label"] for image in images]
        num_classes = len(self.CLASSES)
        most = len(images) // num_classes
        counts = long_tailed_counts(most, num_classes, *self.imbalance)
        return [images[i] for i in draw_long_tail(labels, counts, self.seed)]
