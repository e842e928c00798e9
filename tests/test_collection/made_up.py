"""Packs and embedded sets without a model."""

import json

import numpy as np
import torch

from lpt_mm.collection.array_file import ArrayFile
from lpt_mm.collection.embedded_set import META
from lpt_mm.collection.fingerprint import model_fingerprint
from lpt_mm.collection.image_table import ImageTable
from lpt_mm.weights.pack import Pack, read_pack
from lpt_mm.weights.weights import Weights

COUNTS = (200, 120, 60, 30, 10, 5)
SCALE = 20.0


def write_pack(path, counts=COUNTS, width=8, **facts):
    """Write the pack of a cosine head, whose weights are random directions."""
    torch.manual_seed(0)
    names = [f"class {i}" for i in range(len(counts))]
    head = dict(type="CosineHead", num_classes=len(counts), scale=SCALE)
    known = dict(
        model=dict(type="LPTClassifier", backbone=dict(type="PromptedViT"), head=head),
        data_preprocessor=dict(type="ClsDataPreprocessor"),
        pipeline=[dict(type="PackInputs")],
        convention="lpt",
        thresholds=[20, 100],
        balancing=dict(loss="CrossEntropyLoss", sampler="ClassBalancedSampler"),
    )
    weight = torch.nn.functional.normalize(torch.randn(width, len(counts)), dim=0)
    meta = dict(cls_num_list=list(counts), dataset_meta=dict(classes=names))
    Pack(Weights({"head.weight": weight}, meta), **known | facts).save(path)
    return read_pack(path)


def write_set(folder, pack, score, label, feature=None, paths=None):
    """Write a set as tools/inference/embed.py does."""
    folder.mkdir()
    feature = np.zeros((len(score), 8)) if feature is None else feature
    facts = dict(format=1, model=model_fingerprint(pack))
    for name, values in (("feature", feature), ("score", score)):
        file = ArrayFile(folder / f"{name}.safetensors", name, values.shape[1])
        file.add(values)
        file.close({META: json.dumps(facts)})
    number = len(score)
    paths = list(map(str, range(number))) if paths is None else list(map(str, paths))
    label = [None if x < 0 else int(x) for x in label]
    rows = dict(path=paths, label=label, predicted=score.argmax(axis=1).tolist())
    rows |= dict(name=[""] * number, score=[0.0] * number)
    rows |= dict.fromkeys(("size", "mtime_ns"), [None] * number)
    with ImageTable(folder / "images.parquet") as table:
        table.add(rows)
    return folder


def draw_scores(rng, label, num_classes, strength=3.0):
    """Draw scores of which the softmax is the truth where classes are as frequent."""
    score = rng.normal(size=(len(label), num_classes))
    score[np.arange(len(label)), label] += strength
    return strength * score
