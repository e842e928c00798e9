"""What a benchmark is made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Archive:
    """Images that a user downloads."""

    name: str
    page: str  # where it is
    layout: str  # what to do with it, to follow "so that DIR has"


@dataclass(frozen=True)
class SplitFile:
    """A list file with a path and a label per line."""

    name: str
    images: int  # how many it lists
    page: str  # where a user finds it, or what it is written from
    archive: Archive  # of its images
    sha256: str | None = None  # where it is known
    url: str | None = None  # where a program can fetch it
    json: str | None = None  # the iNaturalist file that it is written from


@dataclass(frozen=True)
class ImageTree:
    """Images without a list: a folder per class."""

    folder: str  # of the class folders
    classes: int
    images: int
    archive: Archive


@dataclass(frozen=True)
class DataFiles:
    """Files that are known by their checksum."""

    md5: tuple[tuple[str, str], ...]  # paths and checksums
    archive: Archive


@dataclass(frozen=True)
class Benchmark:
    """The parts of a benchmark: lists, folders of images and other files."""

    folder: str  # that the configs look into
    lists: tuple[SplitFile, ...] = ()
    trees: tuple[ImageTree, ...] = ()
    files: tuple[DataFiles, ...] = ()


@dataclass(frozen=True)
class PartState:
    """The state of one part of a benchmark."""

    item: str
    state: str
    todo: str = ""  # what the user should do; empty if the part is in place

    @property
    def in_place(self) -> bool:
        """Whether nothing is left to do."""
        return not self.todo
