"""What a benchmark is made of, and which there are.

They are those of ``benchmarks.toml``, and CIFAR, which mmpretrain knows.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from mmpretrain.datasets import CIFAR10, CIFAR100


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
class FoldLists:
    """Lists of a cross-validation, written from images in a folder per class."""

    folder: str  # of the class folders
    classes: int
    images: int  # of these classes
    sha256: str  # of all lists, one after the other
    archive: Archive
    left_out: frozenset[str] = frozenset()  # folders that are no class of it
    most: int | None = None  # training images of the most frequent class; by default
    imbalance_ratio: float | None = None  # the training set stays as it is


@dataclass(frozen=True)
class Benchmark:
    """The parts of a benchmark: lists, folders of images and other files."""

    folder: str  # that the configs look into
    lists: tuple[SplitFile, ...] = ()
    trees: tuple[ImageTree, ...] = ()
    files: tuple[DataFiles, ...] = ()
    folds: tuple[FoldLists, ...] = ()


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


def _read_toml(name: str) -> dict:
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def _read_table() -> dict[str, Benchmark]:
    table = _read_toml("benchmarks.toml")
    archives = {key: Archive(**row) for key, row in table["archives"].items()}

    benchmarks = {}
    for name, row in table["benchmarks"].items():
        lists, trees = row.get("lists", []), row.get("trees", [])
        folds = row.get("folds", [])
        for part in (*lists, *trees, *folds):
            part["archive"] = archives[part["archive"]]
        for part in folds:
            if "left_out" in part:
                part["left_out"] = frozenset(_read_toml(part["left_out"]))
        benchmarks[name] = Benchmark(
            row["folder"],
            lists=tuple(SplitFile(**part) for part in lists),
            trees=tuple(ImageTree(**part) for part in trees),
            folds=tuple(FoldLists(**part) for part in folds),
        )
    return benchmarks


def _cifar(dataset: type[CIFAR10], folder: str) -> Benchmark:
    # mmpretrain knows its names and checksums; two copies of them would drift apart.
    meta = (dataset.meta["filename"], dataset.meta["md5"])
    archive = Archive(
        dataset.filename,
        "https://www.cs.toronto.edu/~kriz/cifar.html",
        f"{dataset.base_folder}/ (or let training fetch it at its first run)",
    )
    files = (*dataset.train_list, *dataset.test_list, meta)
    md5 = tuple((f"{dataset.base_folder}/{name}", digest) for name, digest in files)
    return Benchmark(folder, files=(DataFiles(md5, archive),))


BENCHMARKS = {
    **_read_table(),
    "cifar10_lt": _cifar(CIFAR10, "cifar10"),
    "cifar100_lt": _cifar(CIFAR100, "cifar100"),
}
