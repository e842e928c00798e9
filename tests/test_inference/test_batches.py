"""Images on their way to a model, and those that cannot go."""

import weakref

import pytest

from lpt_mm.datasets.transforms import UnreadableImageError
from lpt_mm.inference.batches import BatchReader
from lpt_mm.inference.images import EncodedImage, to_rgb


def test_what_cannot_be_read_is_not_kept():
    image = EncodedImage("a.png", b"no image")
    reader, known = BatchReader(to_rgb), weakref.ref(image)
    prepared = reader.read(image)
    del image
    assert known() is None
    assert prepared.error.startswith("cannot read the image 'a.png' (Unid")


def test_of_a_strict_reader_it_is_an_error_of_the_same_words():
    image = EncodedImage("a.png", b"no image")
    reader = BatchReader(to_rgb)
    ((prepared,),) = reader.batches(image, 1, strict=False)
    with pytest.raises(UnreadableImageError) as error:
        next(reader.batches(image, 1))
    assert str(error.value) == prepared.error
