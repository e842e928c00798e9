"""Where images to predict come from: files, folders, patterns, lists and archives."""

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from lpt_mm.datasets.transforms.image_file import EXTENSIONS, is_url
from lpt_mm.inference.archives import ARCHIVE, members_of, name_in_archive, read_archive
from lpt_mm.inference.images import EncodedImage
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable

LIST = ".txt"


class ImageSources:
    """Images in the order of their sources, each time the same, and never all held.

    Args:
        sources: Image files; folders, of which hidden files and what does not end like
            an image are left out; patterns such as ``'photos/**/*.jpg'``; lists
            (``.txt``) of a path a line, relative to the folder of the list; archives
            (``.tar``, as webdataset's).

    Raises:
        UserError: If a source does not exist, or is a URL.
    """

    def __init__(self, sources: Sequence[str | os.PathLike]) -> None:
        self.sources = [os.fspath(source) for source in sources]
        for source in self.sources:
            _require_source(source)

    def __iter__(self) -> Iterator[str | EncodedImage]:
        """Give each image: its path, or its name in an archive and its content."""
        for source in self.sources:
            yield from _images_of(source)

    def names(self) -> Iterator[str]:
        """Name each image, without reading it."""
        for each in self.sources:
            for source in _files_of(each):
                if _is_archive(source):
                    for _, member in members_of(source):
                        yield name_in_archive(source, member)
                else:
                    yield source

    def count(self) -> int:
        """Count the images; there must be one at least."""
        total = sum(1 for _ in self.names())
        if not total:
            names = ", ".join(map(printable, self.sources))
            raise UserError(f"there are no images in {names}: {', '.join(EXTENSIONS)}")
        return total


def _require_source(source: str) -> None:
    if is_url(source):
        raise UserError(f"'{printable(source)}' is a URL, and only files are read")
    if not os.path.lexists(source) and not glob.has_magic(source):
        raise UserError(f"there is no image, folder or list '{printable(source)}'")


def _is_archive(path: str) -> bool:
    return path.lower().endswith(ARCHIVE)


def _images_of(source: str) -> Iterator[str | EncodedImage]:
    for path in _files_of(source):
        if _is_archive(path):
            yield from read_archive(path)
        else:
            yield path


def _files_of(source: str) -> Iterator[str]:
    """Give the files of a source: images and archives."""
    if os.path.isdir(source):
        yield from _walk(source)
    elif not os.path.lexists(source):
        found = sorted(glob.iglob(source, recursive=True))
        yield from (path for path in found if not os.path.isdir(path))
    elif source.endswith(LIST):
        yield from _read_list(source)
    else:
        yield source


def _walk(folder: str) -> Iterator[str]:
    """Go through a folder in alphabetical order, holding the names of one at a time."""
    with os.scandir(folder) as entries:
        found = sorted(
            (e.name, e.is_dir()) for e in entries if not e.name.startswith(".")
        )
    for name, is_folder in found:
        path = os.path.join(folder, name)
        if is_folder and not os.path.islink(path):  # links may lead round in a circle
            yield from _walk(path)
        elif name.lower().endswith((*EXTENSIONS, ARCHIVE)) and not is_folder:
            yield path


def _read_list(path: str) -> Iterator[str]:
    folder = Path(path).parent
    with open(path, encoding="utf-8-sig") as file:
        try:
            for line in map(str.strip, file):
                if is_url(line):
                    raise UserError(
                        f"'{printable(path)}' lists the URL '{printable(line)}', and "
                        "only files are read"
                    )
                if line:
                    yield str(folder / line)
        except UnicodeDecodeError as error:
            raise UserError(
                f"'{printable(path)}' is no list of paths in UTF-8"
            ) from error
