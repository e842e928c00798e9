"""The lists and configs of a data set of one's own, whose settings follow the data."""

import csv
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import numpy as np

from lpt_mm.preparation.backbone import CROPS, LENGTH, LENGTHS, RANDOM_CROP, SCHEDULES
from lpt_mm.preparation.new_dataset import NewDataset
from lpt_mm.utils.new_file import require_new
from lpt_mm.utils.text import FORMULA, for_spreadsheet

WRITTEN = "Written by tools/dataset_converters/new_dataset.py."
TEMPLATES = Path(__file__).with_name("templates")  # laid out as the configs are
MAX_EPOCHS = 200


def new_lists(dataset: NewDataset, name: str) -> dict[Path, str]:
    """Give the text of the lists, class names and groups by path, beside the images."""
    lists = {
        split: [f"{path} {label}" for path, label in images]
        for split, images in dataset.splits.items()
    }
    files = {
        dataset.folder / f"{name}_{part}.txt": "\n".join(lines) + "\n"
        for part, lines in {**lists, "classes": dataset.classes}.items()
    }
    if dataset.groups:
        files[groups_file(dataset, name)] = _as_csv(dataset.groups)
    return files


def groups_file(dataset: NewDataset, name: str) -> Path:
    """Name the table of the groups."""
    return dataset.folder / f"{name}_groups.csv"


def _as_csv(groups: Mapping[str, str]) -> str:
    """Make a table of it, in which spreadsheets run no name as a formula."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("path", "group"))
    for path, group in sorted(groups.items()):
        start = "./" if path.startswith(FORMULA) else ""  # the same path
        writer.writerow((start + path, for_spreadsheet(group)))
    return file.getvalue()


def new_configs(
    dataset: NewDataset,
    name: str,
    configs: Path,
    backbone: tuple[str, dict],
) -> dict[Path, str]:
    """Give the text by path of the configs of a data set, both phases and baselines.

    The backbone is the name of a model file, and what is set in ``model.backbone``, at
    least ``img_size``.
    """
    low, high = choose_thresholds(dataset.counts)
    num_train = sum(dataset.counts)
    batch_size = choose_batch_size(num_train)
    model, settings = backbone
    img_size = settings["img_size"]
    others = [f", {k}={value!r}" for k, value in settings.items() if k != "img_size"]
    values = dict(
        name=name,
        written=WRITTEN,
        root=f"{dataset.folder.as_posix()}/",
        num_classes=len(dataset.classes),
        num_train=num_train,
        most=max(dataset.counts),
        least=min(dataset.counts),
        batch_size=batch_size,
        epochs=choose_epochs(num_train, batch_size, *LENGTHS.get(model, LENGTH)),
        low=low,
        high=high,
        img_size=img_size,
        model=model,
        schedule=SCHEDULES.get(model, "lpt_sgd"),
        crop=CROPS.get(model, RANDOM_CROP),
        backbone="img_size=_base_._img_size" + "".join(others),
    )

    texts = {}
    for template in sorted(TEMPLATES.rglob("*.txt")):
        path = template.relative_to(TEMPLATES).with_suffix(".py").as_posix()
        text = template.read_text(encoding="utf-8").format(**values)
        texts[configs / path.replace("NAME", name)] = text
    return texts


def require_own(config: Path, *others: Path) -> None:
    """Refuse files that exist, unless the data set's config was written by this."""
    if not (config.is_file() and WRITTEN in config.read_text(encoding="utf-8")):
        require_new(config, *others)


def choose_thresholds(counts: list[int]) -> tuple[int, int]:
    """Choose the bounds of the shot groups by the training images per class.

    They are (20, 100) if that makes three groups (``'lpt'``), or if there are no three
    different counts; else about a third of the classes goes into each.
    """
    ordered = sorted(counts)
    groups = np.digitize(ordered, (20, 100), right=True)
    if len(set(ordered)) < 3 or set(groups) == {0, 1, 2}:
        return 20, 100
    low = ordered[len(ordered) // 3 - 1]
    return low, max(ordered[2 * len(ordered) // 3 - 1], low + 1)


def choose_batch_size(num_images: int) -> int:
    """Choose the images of each stream: 64, or less, for four steps in an epoch."""
    batch_size = 64
    while batch_size > 4 and batch_size * 4 > num_images:
        batch_size //= 2
    return batch_size


def choose_epochs(
    num_images: int, batch_size: int, min_epochs: int, min_steps: int
) -> int:
    """Choose the epochs: enough of them and of steps, but at most 200."""
    steps = -(-num_images // batch_size)
    return min(max(min_epochs, -(-min_steps // steps)), MAX_EPOCHS)
