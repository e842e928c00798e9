"""Leaving out what cannot be read."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from torch.utils.data import Dataset

from lpt_mm.data_check.examples import Examples
from lpt_mm.data_check.parallel_check import checked_parts
from lpt_mm.preparation.class_folders import ClassFolders
from lpt_mm.utils.progress import progress_bar


def without_unreadable(folder: Path, parts: Iterable[ClassFolders]) -> Examples:
    """Read all images of a folder, and take off the lists those that are none."""
    parts, bad = list(parts), Examples()
    faulty: list[set[int]] = [set() for _ in parts]
    bar = progress_bar(console=Console(stderr=True))
    datasets = [_Files(folder, part.paths) for part in parts]
    with checked_parts(datasets) as checked, bar as progress:
        task = progress.add_task("images", total=sum(map(len, datasets)))
        for found in checked:
            faulty[found.split] |= {found.start + fault[0] for fault in found.faults}
            progress.advance(task, len(found.labels))
    for part, indices in zip(parts, faulty, strict=True):
        for i in sorted(indices):
            bad.add(part.paths[i])
        kept = [i for i in range(len(part.paths)) if i not in indices]
        part.paths = [part.paths[i] for i in kept]
        part.labels = [part.labels[i] for i in kept]
    return bad


class _Files(Dataset):
    def __init__(self, folder: Path, paths: list[str]) -> None:
        self.folder = folder
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def get_data_info(self, index: int) -> dict:
        return dict(img_path=str(self.folder / self.paths[index]))
