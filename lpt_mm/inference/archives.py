"""Images in archives of tar, whose content need not be what it says."""

import os
import tarfile
from collections.abc import Iterator

from lpt_mm.datasets.transforms.image_file import EXTENSIONS, MAX_BYTES
from lpt_mm.inference.images import EncodedImage
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable

ARCHIVE = ".tar"
# What tarfile raises for headers that are damaged, or made to be.
BROKEN = (tarfile.TarError, ValueError, OverflowError)


def read_archive(path: str) -> Iterator[EncodedImage]:
    """Read the images of an archive one by one; their names are names, not paths."""
    for archive, member in members_of(path):
        content = b""  # of no size that an image has: cannot be read
        if member.size <= MAX_BYTES and not member.issparse():
            try:
                content = archive.extractfile(member).read()
            except BROKEN as error:
                raise _damaged(path) from error
        yield EncodedImage(name_in_archive(path, member), content)


def name_in_archive(path: str, member: tarfile.TarInfo) -> str:
    """Name an image of an archive, as no file is called."""
    return f"{path}/{member.name}"


def members_of(path: str) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """Find the images of an archive, one by one; refuse one that is damaged."""
    if not os.path.isfile(path):  # a pipe could be waited for without end
        raise UserError(f"'{printable(path)}' is no regular file")
    with open(path, "rb") as file:
        place = -1
        try:
            archive = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115 (file is)
            while (member := archive.next()) is not None:
                if archive.offset <= place:  # a negative size
                    raise _damaged(path)
                place = archive.offset
                archive.members = []  # or it would remember all of them
                if member.isfile() and member.name.lower().endswith(EXTENSIONS):
                    yield archive, member
        except BROKEN as error:
            raise error if isinstance(error, UserError) else _damaged(path) from error
        # tarfile takes a damaged header for the end, which is a block of zeros.
        file.seek(archive.offset)
        if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise _damaged(path)


def _damaged(path: str) -> UserError:
    return UserError(
        f"'{printable(path)}' is damaged, cut short, or no archive of tar: make it anew"
    )
