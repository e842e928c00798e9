"""Test sets for a model of ImageNet under domain shift."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from mmpretrain.datasets import CustomDataset
from mmpretrain.datasets.custom import find_folders
from mmpretrain.registry import DATASETS

from lpt_mm.utils.errors import UserError
from lpt_mm.utils.files import visible_files
from lpt_mm.utils.text import printable


@DATASETS.register_module()
class ImageNetShift(CustomDataset):
    """ImageNet-Sketch, ImageNetV2, ImageNet-A or ImageNet-R, labelled as ImageNet is.

    Their folders are WordNet ids (``n01440764``) or, in ImageNetV2, class indices from
    0 to 999, which would be misread in alphabetical order. Where only some of the 1,000
    classes are there (200 in ImageNet-A and -R), ``LongTailMetric`` scores over these
    alone, as the authors of those sets do. Sources:
    https://arxiv.org/abs/1905.13549, https://arxiv.org/abs/1902.10811,
    https://arxiv.org/abs/1907.07174, https://arxiv.org/abs/2006.16241.

    All arguments are those of mmpretrain's ``CustomDataset``; ``data_root`` is the
    folder of the class folders.
    """

    def load_data_list(self) -> list[dict]:
        """List the images of all class folders: ``img_path`` and ``gt_label``."""
        from timm.data import ImageNetInfo  # a second that others need not pay

        root = self.img_prefix.rstrip("/")
        if not Path(root).is_dir():
            raise FileNotFoundError(f"there is no folder '{printable(root)}'")
        names = tuple(ImageNetInfo("imagenet-1k").label_names())
        folders, _ = find_folders(root)
        labels = {folder: _label(root, folder, names) for folder in folders}
        self._metainfo["classes"] = names
        self._metainfo["scored_classes"] = tuple(sorted(set(labels.values())))
        return [
            {"img_path": path, "gt_label": label}
            for folder, label in labels.items()
            for path in sorted(visible_files(os.path.join(root, folder)))
            if self.is_valid_file(path)
        ]


def _label(root: str, folder: str, names: Sequence[str]) -> int:
    if re.fullmatch(r"\d{1,3}", folder):
        return int(folder)
    if folder in names:
        return names.index(folder)
    raise UserError(
        f"the folder '{printable(folder)}' of {printable(root)} is no class of "
        "ImageNet: neither a WordNet id such as n01440764 nor an index from 0 to 999"
    )
