"""The split lists of a config, to be changed."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from mmengine.config import Config
from mmpretrain.registry import DATASETS

from lpt_mm.datasets.split_list import SplitList, read_split_list
from lpt_mm.datasets.training_images import training_images
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable


@dataclass(frozen=True)
class OpenList:
    """A list file, and the images in it.

    Args:
        file: The file.
        content: What is in it.
        labels: Their labels.
        files: The images by absolute path, without links resolved.
        root: Folder that the paths are relative to, absolute.
    """

    file: Path
    content: bytes
    labels: list[int]
    files: list[str]
    root: str

    @classmethod
    def read(cls, dataset: SplitList) -> "OpenList":
        """Read the list of a data set, which need not be loaded."""
        paths, labels = read_split_list(dataset.ann_file)
        file, root = Path(dataset.ann_file), os.path.abspath(dataset.img_prefix)
        files = [os.path.abspath(dataset.folder + path) for path in paths]
        return cls(file, file.read_bytes(), labels, files, root)

    def changed(
        self, labels: Mapping[int, int], added: Sequence[tuple[str, int]]
    ) -> bytes:
        """Write the list with other labels, and with further images at its end.

        What is not changed stays as it is, to the last byte.

        Args:
            labels: New labels by place.
            added: Paths in the root, and labels.

        Returns:
            The content.
        """
        lines, place = [], 0
        # Unlike splitlines, this knows no other ends of lines than the reader does.
        for line in StringIO(self.content.decode(), newline=""):
            # A byte-order mark is no part of the first one.
            is_image = bool(line.removeprefix("\ufeff").strip())
            if is_image and place in labels:
                text = line.rstrip()
                start = text[: -len(text.split()[-1])]
                line = f"{start}{labels[place]}{line[len(text) :]}"
            place += is_image
            lines.append(line)
        if added and not lines[-1].endswith(("\n", "\r")):
            lines.append("\n")
        lines += [f"{path} {label}\n" for path, label in added]
        return "".join(lines).encode()


def open_lists(cfg: Config) -> tuple[dict[str, OpenList], tuple[str, ...]]:
    """Read the lists of a config.

    Args:
        cfg: The config.

    Returns:
        The lists by split, with one of training, and the names of the classes.

    Raises:
        OSError: If there is no such list.
        UserError: If a split is no ``SplitList`` of its own, or the config does not
            name the classes.
    """
    source = printable(cfg.filename)
    settings = {"train": training_images(cfg)["dataset"]}
    for split in ("val", "test"):
        if cfg.get(f"{split}_dataloader") is not None:
            settings[split] = cfg[f"{split}_dataloader"]["dataset"]
    lists, names = {}, None
    for split, dataset in settings.items():
        if dataset["type"] != SplitList.__name__ or dataset.get("fold") is not None:
            kind = dataset["type"] if dataset.get("fold") is None else "one of folds"
            raise UserError(
                f"the {split} set of {source} is {kind}, and labels are corrected in a "
                "plain SplitList alone"
            )
        built = DATASETS.build(dict(dataset, pipeline=[], lazy_init=True))
        lists[split] = OpenList.read(built)
        names = built.metainfo.get("classes") if split == "train" else names
        if split != "train" and lists[split].file.samefile(lists["train"].file):
            raise UserError(f"the train and {split} sets of {source} are one list")
    if names is None or len(set(names)) < len(names):
        # Those that are read off the folders of the images are gone with a correction.
        raise UserError(
            f"{source} does not name its classes one by one: write their names into a "
            "file, a line each in the order of the labels, and set "
            "metainfo=dict(classes=FILE) of its data sets"
        )
    if (most := max(lists["train"].labels)) >= len(names):
        raise UserError(f"{source} names {len(names)} classes, and has label {most}")
    return lists, tuple(map(str, names))
