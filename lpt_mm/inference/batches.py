"""Batches of images, read ahead of the model."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from torch import Size, Tensor

from lpt_mm.datasets.transforms.image_file import UnreadableImageError
from lpt_mm.inference.images import (
    DecodedImage,
    ImageLike,
    each_image,
    name_of,
    title_of,
    to_rgb,
)
from lpt_mm.inference.prefetch import prefetched
from lpt_mm.utils.errors import UserError


@dataclass
class PreparedImage:
    """An image on its way: what goes into the model, or why it cannot.

    Args:
        path: The file that it is of, if it is.
        pixels: (C, H, W) uint8.
        error: Why there are no pixels; no exception, whose frames hold the file.
    """

    path: str | None
    pixels: Tensor | None = None
    error: str | None = None


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
        for (batch,) in read_together([self], images, batch_size, strict):
            yield batch

    def read(self, image: ImageLike) -> PreparedImage:
        """Read an image.

        Args:
            image: The image.

        Returns:
            What the model is given of it.
        """
        path = name_of(image)
        try:
            pixels = self._prepare(image)
            self._require_size(pixels, path)
        except UnreadableImageError as error:
            return PreparedImage(path, error=str(error))
        return PreparedImage(path, pixels)

    def _require_size(self, pixels: Tensor, path: str | None) -> None:
        """Refuse images that a model without resizing was not made for."""
        shape = tuple(pixels.shape[-2:])
        if self._size is not None and shape != tuple(self._size):
            raise UnreadableImageError(
                "{} is {} x {} pixels high and wide after the model's transforms, and "
                "the model takes {} x {}".format(title_of(path), *shape, *self._size)
            )


def read_together(
    readers: Sequence[BatchReader],
    images: ImageLike | Iterable[ImageLike],
    batch_size: int,
    strict: bool = True,
) -> Iterator[list[list[PreparedImage]]]:
    """Read images for models of different transforms, each file once.

    Args:
        readers: What prepares the images for each model.
        images: As in :meth:`BatchReader.batches`, like the others.
        batch_size: Images of a batch.
        strict: Whether an image that cannot be read is an error.

    Yields:
        The same batch of each reader.

    Raises:
        UnreadableImageError: If ``strict``, and an image cannot be read.
        UserError: If ``batch_size`` is not positive.
    """
    if batch_size < 1:
        raise UserError(f"batch_size must be at least 1, got {batch_size}")

    def read(image: ImageLike) -> list[PreparedImage]:
        if len(readers) > 1:
            image = _decode(image)
        return [reader.read(image) for reader in readers]

    batch: list[list[PreparedImage]] = []
    shapes: list[Size | None] = [None] * len(readers)
    for views in prefetched(each_image(images), read, batch_size):
        for view in views:
            if strict and view.error is not None:
                raise UnreadableImageError(view.error)
        own = [
            shape if view.pixels is None else view.pixels.shape
            for view, shape in zip(views, shapes, strict=True)
        ]
        if batch and (len(batch) == batch_size or own != shapes):
            yield _of_each_reader(batch)
            batch = []
        batch.append(views)
        shapes = own
    if batch:
        yield _of_each_reader(batch)


def _decode(image: ImageLike) -> ImageLike:
    """Read an image once for all; what cannot be read is left for them to say so."""
    try:
        return DecodedImage(name_of(image), to_rgb(image))
    except UnreadableImageError:
        return image


def _of_each_reader(batch: list[list[PreparedImage]]) -> list[list[PreparedImage]]:
    return [list(views) for views in zip(*batch, strict=True)]
