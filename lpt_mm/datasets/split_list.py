"""Data sets that are listed in a file."""

import pickle
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from lpt_mm.datasets.labels import MAX_LABEL
from lpt_mm.datasets.transforms.image_file import is_url
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable

ESCAPE = "surrogateescape"
LABEL = re.compile("-?[0-9]{1,9}")


@DATASETS.register_module()
class SplitList(BaseDataset):
    """Images and labels from a list file, one ``path label`` per line.

    Such lists exist for Places-LT, ImageNet-LT and iNaturalist 2018. Paths are relative
    to ``data_root`` (and ``data_prefix``). Where the folders of the paths are the
    classes, their names are the class names, whichever way the tree is laid out:
    ``train/airfield/x.jpg`` and ``data_256/a/airfield/x.jpg`` are both of ``airfield``.
    Only where two classes would share a name, as those of ``a/cat`` and ``b/cat``, all
    names are longer.

    Args:
        ann_file: The list file, relative to ``data_root``.
        data_root: Folder of images and list.
        data_prefix: Folder of the images below ``data_root``.
        metainfo: ``dict(classes=...)`` for other class names.
        **kwargs: Further arguments of mmengine's ``BaseDataset``.

    Raises:
        FileNotFoundError: If there is no such list.
        UserError: If a line has no path or no label that is a number from 0 on, or its
            path is a URL.
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str = "",
        data_prefix: str = "",
        metainfo: dict | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=data_prefix,
            metainfo=metainfo,
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """Read the list: ``img_path`` and ``gt_label`` of each image."""
        paths, labels = self.read()
        if "classes" not in self._metainfo and (names := class_names(paths, labels)):
            self._metainfo["classes"] = names
        prefix = self.img_prefix
        folder = f"{prefix.rstrip('/')}/" if prefix else ""
        # Long lists are let go of while the other one grows.
        paths.reverse()
        return [{"img_path": folder + paths.pop(), "gt_label": y} for y in labels]

    def _serialize_data(self) -> tuple[np.ndarray, np.ndarray]:
        """Pickle the list for all workers to share, with half of mmengine's memory."""
        data_bytes, ends = bytearray(), []
        self.data_list.reverse()
        while self.data_list:
            data_bytes += pickle.dumps(self.data_list.pop(), protocol=4)
            ends.append(len(data_bytes))
        return np.frombuffer(data_bytes, dtype=np.uint8), np.array(ends)

    def read(self) -> tuple[list[str], list[int]]:
        """Read the paths as they stand in the file, and the labels."""
        return read_split_list(self.ann_file)


def read_split_list(file: str | Path) -> tuple[list[str], list[int]]:
    """Read a list file; blank lines are passed over.

    Args:
        file: Text file of UTF-8, each line with a path, white space and a label.

    Returns:
        The paths and the labels.

    Raises:
        FileNotFoundError: If there is no such file.
        UserError: If a line is not as it should be; it is named, with its number.
    """
    if not Path(file).is_file():
        raise FileNotFoundError(f"there is no split list '{printable(file)}'")
    paths, labels = [], []
    for number, path, label in _lines(file):
        if label < 0:
            raise UserError(
                f"{printable(file)}:{number}: the label is negative: {label}"
            )
        if label > MAX_LABEL:
            raise UserError(
                f"{printable(file)}:{number}: the label {label} is over {MAX_LABEL}"
            )
        if is_url(path):
            raise UserError(
                f"{printable(file)}:{number}: {path!r} is a URL, and nothing in a list "
                "is ever fetched: download the images and list their paths"
            )
        paths.append(path)
        labels.append(label)
    if not paths:
        raise UserError(f"{printable(file)}: the list is empty")
    return paths, labels


def _lines(file: str | Path) -> Iterator[tuple[int, str, int]]:
    # Byte-order marks and the line ends of Windows are no part of a path.
    # Other encodings get through here, for the line that has them to be named.
    with open(file, encoding="utf-8-sig", errors=ESCAPE, newline=None) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, *_split_line(file, number, line)


def _split_line(file: str | Path, number: int, line: str) -> tuple[str, int]:
    try:
        line.encode()
    except UnicodeEncodeError:
        content = line.strip().encode(errors=ESCAPE)
        raise UserError(
            f"{printable(file)}:{number}: {content!r} is no UTF-8: save the list as "
            "UTF-8"
        ) from None
    path, label = line.strip(), ""
    if len(parts := line.rsplit(maxsplit=1)) == 2:
        path, label = parts
    if not LABEL.fullmatch(label) or "\0" in path:
        raise UserError(
            f"{printable(file)}:{number}: a line must have a path and a label, as in "
            f"'train/airfield/1.jpg 0', got {line.strip()!r}"
        )
    return path.strip(), int(label)


def is_listable(path: str) -> bool:
    """Tell whether a list can hold a path, and reading a line gives it back."""
    is_line = path == path.strip() and len(path.splitlines()) == 1
    is_utf8 = path.encode(errors="ignore").decode() == path
    return is_line and is_utf8 and "\t" not in path and "\0" not in path


def class_names(paths: Sequence[str], labels: Sequence[int]) -> tuple[str, ...] | None:
    """Read the names of the classes off the folders of their images.

    Args:
        paths: Relative paths of the images.
        labels: Their class indices.

    Returns:
        The names in the order of the labels; None where folders are not classes, or a
        label between the lowest and the highest has no image.
    """
    labels_of: dict[str, int] = {}
    for path, label in zip(paths, labels, strict=True):
        folder = path[: path.rfind("/") + 1]
        if labels_of.setdefault(folder, label) != label:
            return None
    folders = defaultdict(list)
    for folder, label in labels_of.items():
        folders[label].append(folder)
    if set(folders) != set(range(len(folders))):
        return None
    for shorten in (_without_letter, _without_split, _whole):
        names = [set(map(shorten, folders[label])) for label in range(len(folders))]
        if any(len(found) > 1 or "" in found for found in names):
            return None
        if len(set.union(*names)) == len(names):
            return tuple(found.pop() for found in names)
    return None


def _without_letter(folder: str) -> str:
    """Take the split off a folder, and the letter that Places365 sorts classes by."""
    parts = PurePosixPath(folder).parts[1:]
    if len(parts) > 1 and len(parts[0]) == 1:
        parts = parts[1:]
    return "/".join(parts)


def _without_split(folder: str) -> str:
    return "/".join(PurePosixPath(folder).parts[1:])


def _whole(folder: str) -> str:
    return folder.rstrip("/")
