"""A model card: what a pack is, in words, with the front matter of Hugging Face.

https://huggingface.co/docs/hub/model-cards
"""

import os
from collections.abc import Iterator
from pathlib import Path

import yaml

from lpt_mm.engine.crop_ensemble import CropEnsemble
from lpt_mm.evaluation.metrics import ShotGroups
from lpt_mm.evaluation.tables import CLASS_COLUMNS, COLUMNS
from lpt_mm.utils.new_file import new_file
from lpt_mm.utils.text import for_markdown, printable
from lpt_mm.weights.facts import is_number
from lpt_mm.weights.identity import describe_backbone
from lpt_mm.weights.pack import Pack, read_pack

MOST_CLASSES = 500  # that are listed
TIMM = "timm:"


def write_model_card(pack: str | os.PathLike, out: str | os.PathLike) -> None:
    """Write the card of a pack to a new file, ``README.md`` beside it on a hub.

    Args:
        pack: The pack.
        out: Markdown file to write.

    Raises:
        FileExistsError: If there is something of that name.
        WeightFileError: If the pack cannot be read.
    """
    content = read_pack(pack)
    with new_file(out) as file:
        file.write_text("\n".join(_lines(content, Path(pack).name)) + "\n", "utf-8")


def _lines(pack: Pack, name: str) -> Iterator[str]:
    title, counts = for_markdown(Path(name).stem), pack.cls_num_list
    yield f"---\n{yaml.safe_dump(_front_matter(pack, name), sort_keys=False)}---\n"
    yield f"# {title}\n"
    yield f"Classifies images into {pack.num_classes:,} classes. A pack of lpt_mm: what"
    yield "was trained for a task, and all that is needed to use it but the backbone."
    yield from ("", "```python", "import lpt_mm", "")
    yield f"predictor = lpt_mm.load({printable(name)!r})"
    yield from ('print(predictor("image.jpg")[0].names)', "```", "")
    if pack.weights.is_light:
        backbone = for_markdown(describe_backbone(pack.weights.identity))
        yield f"Its backbone is {backbone}.\n"
    yield from _test(pack)
    yield "## Training\n"
    for fact in ("epoch", "seed"):
        if is_number(value := pack.weights.meta.get(fact)):
            yield f"- {fact}: {value}"
    for part, kind in pack.balancing.items():
        yield f"- {for_markdown(part.replace('_', ' '))}: {_describe(kind)}"
    yield f"- lpt_mm {for_markdown(pack.lpt_mm)}"
    if counts is not None:
        yield f"- {sum(counts):,} images, {min(counts):,} to {max(counts):,} a class"
        yield from _classes(pack, counts)


def _describe(kind: str | float | None) -> str:
    if kind is None:
        return "none"
    return f"{kind:.2g}" if is_number(kind) else for_markdown(kind)


def _front_matter(pack: Pack, name: str) -> dict:
    source = str((pack.weights.identity or {}).get("source"))
    base = {}
    if source.startswith(TIMM):
        base = dict(base_model=f"timm/{printable(source.removeprefix(TIMM))}")
    metrics = [
        dict(type="accuracy", name=column.replace("_", " "), value=round(value, 2))
        for column, value in _values(pack, COLUMNS)
    ]
    results = dict(
        task=dict(type="image-classification"),
        dataset=dict(type="images", name=f"{printable(Path(name).stem)}, test split"),
        metrics=metrics,
    )
    index = dict(name=printable(Path(name).stem), results=[results])
    return dict(
        library_name="lpt_mm",
        pipeline_tag="image-classification",
        tags=["lpt_mm", "long-tailed-recognition", "visual-prompt-tuning"],
        **base,
        **({"model-index": [index]} if metrics else {}),
    )


def _values(pack: Pack, columns: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    """Find metrics of the test report, whose numbers need not be any."""
    for column in columns:
        value = (pack.report or {}).get(f"long_tail/{column}")
        if is_number(value):
            yield column, value


def _test(pack: Pack) -> Iterator[str]:
    found = list(_values(pack, COLUMNS + CLASS_COLUMNS))
    if not found:
        return
    groups = ShotGroups(pack.convention, tuple(pack.thresholds))
    yield f"## Test\n\nIn per cent; images of a class, {for_markdown(groups)}.\n"
    if pack.tta is not None:
        yield f"Test-time ensembling: {CropEnsemble.from_facts(pack.tta)}.\n"
    yield "| metric | value |\n| --- | ---: |"
    for column, value in found:
        yield f"| {column.replace('_', ' ')} | {value:.2f} |"
    yield ""


def _classes(pack: Pack, counts: list[int]) -> Iterator[str]:
    yield "\n## Classes\n\n| class | training images |\n| --- | ---: |"
    rows = list(zip(pack.class_names, counts, strict=True))
    for name, count in rows[:MOST_CLASSES]:
        yield f"| {for_markdown(name)} | {count:,} |"
    if len(rows) > MOST_CLASSES:
        yield f"\nand {len(rows) - MOST_CLASSES:,} more."
