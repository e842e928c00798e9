"""One pass over a set of images, of which features, scores and a table are kept."""

import json
import os
from collections.abc import Iterable
from hashlib import sha256

import numpy as np
import torch

from lpt_mm.collection.array_file import ArrayFile
from lpt_mm.collection.embedded_set import FEATURE, FORMAT, META, SCORE, TABLE, stamp_of
from lpt_mm.collection.image_batches import Batch
from lpt_mm.collection.image_table import ImageTable
from lpt_mm.inference.batches import PreparedImage
from lpt_mm.inference.predictor import Predictor
from lpt_mm.models.numerics import require_finite
from lpt_mm.utils.new_file import new_folder
from lpt_mm.utils.progress import progress_bar
from lpt_mm.utils.text import printable
from lpt_mm.version import __version__


def embed(
    predictor: Predictor,
    fingerprint: str,
    batches: Iterable[Batch],
    total: int,
    out: str | os.PathLike,
) -> str:
    """Compute features and scores, and write them to a new folder.

    It holds ``feature.safetensors`` (N, D) and ``score.safetensors`` (N, C), see
    :class:`EmbeddedSet`, and ``images.parquet``: ``path``; ``label``, the true class if
    it is known; ``predicted``, ``name`` and ``score`` of the likeliest class; ``size``
    and ``mtime_ns`` of the file. A batch is held at a time; what is interrupted leaves
    nothing.

    Args:
        predictor: The model.
        fingerprint: The model's, of :func:`model_fingerprint`.
        batches: The images.
        total: How many they are, with those that cannot be read.
        out: The folder.

    Returns:
        What was done, in one line.

    Raises:
        FileExistsError: If there is something of that name.
        UserError: If a feature is no finite number.
    """
    widths = {FEATURE: predictor.model.head.in_channels}
    widths[SCORE] = len(predictor.class_names)
    digest, read, unread = sha256(), 0, 0
    with new_folder(out) as folder, progress_bar(unit="images") as bar:
        task = bar.add_task("computing", total=total)
        files = {
            name: ArrayFile(folder / f"{name}.safetensors", name, width)
            for name, width in widths.items()
        }
        with ImageTable(folder / TABLE) as table:
            for batch in batches:
                if batch.inputs is not None:
                    arrays, rows = _compute(predictor, batch)
                    for name, values in arrays.items():
                        files[name].add(values)
                    table.add(rows)
                    digest.update(json.dumps(rows).encode())
                read += len(batch.paths)
                unread += batch.unread
                bar.advance(task, len(batch.paths) + batch.unread)
        facts = dict(format=FORMAT, model=fingerprint, images=digest.hexdigest())
        facts |= dict(lpt_mm=__version__)
        for file in files.values():
            file.close({META: json.dumps(facts)})
    said = f"{read:,} images, {unread:,} more unreadable: {printable(out)}"
    if predictor.views.ensemble is not None:
        said += "; of whole images, and not of crops as the pack predicts"
    return said


@torch.inference_mode()
def _compute(
    predictor: Predictor, batch: Batch
) -> tuple[dict[str, np.ndarray], dict[str, list]]:
    """Compute features (n, D), scores (n, C), and the columns of the table."""
    model = predictor.model
    feats = model.extract_feat(batch.inputs)
    feature = model.head.pre_logits(feats)
    score = model.head(feats)
    for values in (feature, score):
        require_finite(values, f"images such as '{printable(batch.paths[0])}'")
    answers = predictor.classes.read(map(PreparedImage, batch.paths), score, top=1)
    stamps = [stamp_of(path) or (None, None) for path in batch.paths]
    found = [(x.label, x.name, x.score) for x in answers]
    columns: list[Iterable] = [batch.paths, batch.labels, *zip(*found, strict=True)]
    columns += zip(*stamps, strict=True)
    names = ("path", "label", "predicted", "name", "score", "size", "mtime_ns")
    rows = {name: list(column) for name, column in zip(names, columns, strict=True)}
    arrays = {FEATURE: feature, SCORE: score}
    return {k: x.float().cpu().numpy() for k, x in arrays.items()}, rows
