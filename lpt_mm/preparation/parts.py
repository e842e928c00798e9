"""What a benchmark is made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Archive:
    """Images that a user downloads.

    Args:
        name: Name of the file.
        page: Where it is.
        layout: What to do with it, to follow "so that DIR has".
    """

    name: str
    page: str
    layout: str


@dataclass(frozen=True)
class SplitFile:
    """A list file with a path and a label per line.

    Args:
        name: Name of the file.
        images: How many images it lists.
        page: Where a user finds it, or what it is written from.
        archive: Where its images come from.
        sha256: Checksum; None where it is not known.
        url: Where a program can fetch it; None where it cannot.
        json: The iNaturalist file that it is written from, if any.
    """

    name: str
    images: int
    page: str
    archive: Archive
    sha256: str | None = None
    url: str | None = None
    json: str | None = None


@dataclass(frozen=True)
class ImageTree:
    """Images without a list: a folder per class.

    Args:
        folder: Folder of the class folders.
        classes: Number of class folders.
        images: Number of images.
        archive: Where they come from.
    """

    folder: str
    classes: int
    images: int
    archive: Archive


@dataclass(frozen=True)
class DataFiles:
    """Files that are known by their checksum.

    Args:
        md5: Checksums by path.
        archive: Where they come from.
    """

    md5: tuple[tuple[str, str], ...]
    archive: Archive


@dataclass(frozen=True)
class Benchmark:
    """The parts of a benchmark.

    Args:
        folder: The folder that the configs look into.
        lists: Its split lists.
        trees: Its folders of images.
        files: Its other files.
    """

    folder: str
    lists: tuple[SplitFile, ...] = ()
    trees: tuple[ImageTree, ...] = ()
    files: tuple[DataFiles, ...] = ()
