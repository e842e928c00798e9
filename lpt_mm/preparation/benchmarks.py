"""The benchmarks: those of ``benchmarks.toml``, and CIFAR, which mmpretrain knows."""

import tomllib
from pathlib import Path

from mmpretrain.datasets import CIFAR10, CIFAR100

from lpt_mm.preparation import parts
from lpt_mm.preparation.parts import Archive, Benchmark


def _read_table() -> dict[str, Benchmark]:
    text = Path(__file__).with_name("benchmarks.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    archives = {key: Archive(**row) for key, row in table["archives"].items()}

    def build(kind: type, rows: list[dict]) -> tuple:
        return tuple(
            kind(**row | {"archive": archives[row["archive"]]}) for row in rows
        )

    return {
        name: Benchmark(
            row["folder"],
            lists=build(parts.SplitFile, row.get("lists", [])),
            trees=build(parts.ImageTree, row.get("trees", [])),
        )
        for name, row in table["benchmarks"].items()
    }


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
    return Benchmark(folder, files=(parts.DataFiles(md5, archive),))


BENCHMARKS = {
    **_read_table(),
    "cifar10_lt": _cifar(CIFAR10, "cifar10"),
    "cifar100_lt": _cifar(CIFAR100, "cifar100"),
}
