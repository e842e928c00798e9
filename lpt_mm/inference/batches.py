"""Batches of images, read ahead of the model."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from torch import Tensor

from lpt_mm.datasets.transforms.image_file import UnreadableImageError
from lpt_mm.inference.images import EncodedImage, ImageLike, each_image
from lpt_mm.inference.prefetch import prefetched
from lpt_mm.utils.errors import UserError


@dataclass
class PreparedImage:
    """An image on its way: what goes into the model, or why it cannot.

    Args:
        path: The file that it is of, if it is.
        pixels: (C, H, W) uint8.
        error: Why there are no pixels.
    """

    path: str | None
    pixels: Tensor | None = None
    error: UnreadableImageError | None = None


class BatchReader:
    """Read images in threads, a batch ahead of whoever asks.

    Args:
        prepare: Turns an image into (C, H, W).
        size: Height and width that the model takes; None for any.
    """

    def __init__(
        self,
        prepare: Callable[[ImageLike], Tensor],
        size: tuple[int, int] | None = None,
    ) -> None:
        self._prepare = prepare
        self._size = size

    def batches(
        self,
        images: ImageLike | Iterable[ImageLike],
        batch_size: int,
        strict: bool = True,
    ) -> Iterator[list[PreparedImage]]:
        """Read images.

        Args:
            images: One image or more.
            batch_size: Images of a batch.
            strict: Whether an image that cannot be read is an error.

        Yields:
            The images in order, in batches; the pixels of a batch are of one size.

        Raises:
            UnreadableImageError: If ``strict``, and an image cannot be read.
            UserError: If ``batch_size`` is not positive.
        """
        if batch_size < 1:
            raise UserError(f"batch_size must be at least 1, got {batch_size}")
        batch: list[PreparedImage] = []
        shape = None
        for image in prefetched(each_image(images), self._read, batch_size):
            if strict and image.error is not None:
                raise image.error
            own = shape if image.pixels is None else image.pixels.shape
            if batch and (len(batch) == batch_size or own != shape):
                yield batch
                batch = []
            batch.append(image)
            shape = own
        if batch:
            yield batch

    def _read(self, image: ImageLike) -> PreparedImage:
        path = image.name if isinstance(image, EncodedImage) else None
        if isinstance(image, str | os.PathLike):
            path = os.fspath(image)
        try:
            pixels = self._prepare(image)
            self._require_size(pixels, path)
        except UnreadableImageError as error:
            return PreparedImage(path, error=error)
        return PreparedImage(path, pixels)

    def _require_size(self, pixels: Tensor, path: str | None) -> None:
        """Refuse images that a model without resizing was not made for."""
        shape = tuple(pixels.shape[-2:])
        if self._size is not None and shape != tuple(self._size):
            raise UnreadableImageError(
                f"{'the image' if path is None else repr(path)} is "
                "{} x {} pixels high and wide after the model's transforms, and the "
                "model takes {} x {}".format(*shape, *self._size)
            )
