"""iNaturalist 2018 as it is distributed."""

import json
from pathlib import Path

from mmpretrain.registry import DATASETS

from lpt_mm.datasets.split_list import SplitList
from lpt_mm.utils.text import printable

YEAR = 2018


@DATASETS.register_module()
class INaturalist18(SplitList):
    """iNaturalist 2018 from its JSON files, ``train2018.json`` and ``val2018.json``.

    8,142 species, 437,513 training images. Source:
    https://github.com/visipedia/inat_comp/tree/master/2018. All arguments are those of
    :class:`SplitList`; ``ann_file`` is the JSON file.
    """

    def read(self) -> tuple[list[str], list[int]]:
        """Read paths and labels.

        Returns:
            The paths as they stand in the file, and the labels.
        """
        return read_json(self.ann_file)


def read_json(file: str | Path) -> tuple[list[str], list[int]]:
    """Read a JSON file of iNaturalist 2018.

    Args:
        file: ``train2018.json`` or ``val2018.json``.

    Returns:
        The paths and the labels.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such file, or of another year.
    """
    if not Path(file).is_file():
        raise FileNotFoundError(f"there is no file '{printable(file)}'")
    try:
        content = json.loads(Path(file).read_bytes())
        year = content["info"]["year"]
        names = {image["id"]: image["file_name"] for image in content["images"]}
        pairs = [
            (names[annotation["image_id"]], int(annotation["category_id"]))
            for annotation in content["annotations"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        reason = printable(f"{type(error).__name__}: {error}")
        raise ValueError(
            f"{printable(file)} is no annotation file of iNaturalist ({reason}): it "
            "needs info, images and annotations with image_id and category_id"
        ) from error
    if year != YEAR:
        raise ValueError(f"{printable(file)} is of iNaturalist {year!r}, not of {YEAR}")
    return [name for name, _ in pairs], [label for _, label in pairs]
