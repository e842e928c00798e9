"""Data sets that are listed in a file."""

import pickle
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from lpt_mm.datasets.labels import MAX_LABEL
from lpt_mm.datasets.transforms.image_file import is_url
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable

ESCAPE = "surrogateescape"
FOLD = "{fold}"
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
        ann_file: The list, relative to ``data_root``. ``{fold}`` in it, as in
            ``'fold_{fold}/train.txt'``, stands for the number of the fold.
        fold: Number of the fold; the ``fold`` at the top of a config sets it for all
            data sets.
        **kwargs: Keyword arguments of mmpretrain's ``BaseDataset``: ``data_prefix`` is
            the folder of the images below ``data_root``, and
            ``metainfo=dict(classes=...)`` gives other names to the classes.
    """

    def __init__(
        self, ann_file: str, fold: int | None = None, **kwargs: object
    ) -> None:
        if (FOLD in ann_file) != (fold is not None):
            raise UserError(
                f"fold={fold!r} does not go with the list {ann_file!r}: a number of a "
                f"fold stands for {FOLD} in its name, and for nothing else"
            )
        super().__init__(ann_file=ann_file.replace(FOLD, str(fold)), **kwargs)

    def load_data_list(self) -> list[dict]:
        """Read the list: ``img_path`` and ``gt_label`` of each image."""
        paths, labels = self.read()
        if "classes" not in self._metainfo and (names := class_names(paths, labels)):
            self._metainfo["classes"] = names
        folder = self.folder
        # Long lists are let go of while the other one grows.
        paths.reverse()
        return [{"img_path": folder + paths.pop(), "gt_label": y} for y in labels]

    @property
    def folder(self) -> str:
        """What the paths of the list are put behind; '' or with a slash at its end."""
        return f"{self.img_prefix.rstrip('/')}/" if self.img_prefix else ""

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
    """Read the paths and labels of a list file; a line that is not right is named."""
    if not Path(file).is_file():
        raise FileNotFoundError(f"there is no split list '{printable(file)}'")
    paths, labels = [], []
    # Byte-order marks and the line ends of Windows are no part of a path.
    # Other encodings get through here, for the line that has them to be named.
    with open(file, encoding="utf-8-sig", errors=ESCAPE, newline=None) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                path, label = _split_line(line)
            except UserError as error:
                raise UserError(f"{printable(file)}:{number}: {error}") from None
            paths.append(path)
            labels.append(label)
    if not paths:
        raise UserError(f"{printable(file)}: the list is empty")
    return paths, labels


def _split_line(line: str) -> tuple[str, int]:
    try:
        line.encode()
    except UnicodeEncodeError:
        content = line.strip().encode(errors=ESCAPE)
        raise UserError(f"{content!r} is no UTF-8: save the list as UTF-8") from None
    path, label = line.strip(), ""
    if len(parts := line.rsplit(maxsplit=1)) == 2:
        path, label = parts
    if not LABEL.fullmatch(label) or "\0" in path:
        raise UserError(
            "a line must have a path and a label, as in 'train/airfield/1.jpg 0', got "
            f"{line.strip()!r}"
        )
    if int(label) < 0:
        raise UserError(f"the label is negative: {label}")
    if int(label) > MAX_LABEL:
        raise UserError(f"the label {label} is over {MAX_LABEL}")
    if is_url(path):
        raise UserError(
            f"{path.strip()!r} is a URL, and nothing in a list is ever fetched: "
            "download the images and list their paths"
        )
    return path.strip(), int(label)


def is_listable(path: str) -> bool:
    """Tell whether a list can hold a path, and reading a line gives it back."""
    is_line = path == path.strip() and len(path.splitlines()) == 1
    is_utf8 = path.encode(errors="ignore").decode() == path
    is_file = not is_url(path) and "\t" not in path and "\0" not in path
    return is_line and is_utf8 and is_file


def class_names(paths: Sequence[str], labels: Sequence[int]) -> tuple[str, ...] | None:
    """Read the names of the classes, by label, off the folders of their images.

    None where folders are not classes, or a label between 0 and the highest has no
    image.
    """
    labels_of: dict[str, int] = {}
    for path, label in zip(paths, labels, strict=True):
        folder = path[: path.rfind("/") + 1]
        if labels_of.setdefault(folder, label) != label:
            return None
    num_classes = len(set(labels_of.values()))
    if set(labels_of.values()) != set(range(num_classes)):
        return None
    for names in zip(*map(_names, labels_of), strict=True):
        named = set(zip(labels_of.values(), names, strict=True))
        if len(named) > num_classes or "" in names:
            return None
        if len(set(names)) == num_classes:
            return tuple(name for _, name in sorted(named))
    return None


def _names(folder: str) -> tuple[str, str, str]:
    """Name a class by its folder, ever longer.

    Without the split and the letter that Places365 sorts classes by; with this letter;
    with the split.
    """
    parts = PurePosixPath(folder).parts[1:]
    has_letter = len(parts) > 1 and len(parts[0]) == 1
    return "/".join(parts[has_letter:]), "/".join(parts), folder.rstrip("/")
