"""Rare classes found per look: ``review.py PACK SET... [--others SET]``.

PACK is of a GDAHead, and SETs are its training, validation and test sets, of embed.py.
All images are pooled and split anew five times: a head is fitted to seven tenths and
calibrated with a tenth, and ranks the other two tenths as new images, of which it is
then told how many of few-shot classes are among the first.

What is unlike training is measured with a sixth of the classes, of which no image is
among those of training then, and with the images of --others.
"""

import argparse
import sys
from collections import defaultdict
from dataclasses import replace

import numpy as np
import torch

from lpt_mm.answers.posterior import Posterior, class_groups
from lpt_mm.answers.prior import Prior
from lpt_mm.answers.temperature import fit_temperature
from lpt_mm.collection import EmbeddedSet
from lpt_mm.collection.nearest import draw_some, nearest_distance
from lpt_mm.collection.ranking import USUAL, rank_rare, rank_uncertain
from lpt_mm.models.heads import GDAHead
from lpt_mm.preparation.splits import stratified_split
from lpt_mm.weights.calibration import TEMPERATURE
from lpt_mm.weights.pack import read_pack

BUDGETS = (0.01, 0.05, 0.1, 0.2)


def known_of(pack, label):
    """The pack as it would be, had it been made of training images of these labels."""
    counts = np.bincount(label, minlength=pack.num_classes).tolist()
    meta = pack.weights.meta | dict(cls_num_list=counts)
    return replace(pack, weights=replace(pack.weights, meta=meta), calibration=None)


def orders(pack, images, parts, rng):
    """Rank the new images: the order and, where it is known, the expected gain."""
    train, val, new = parts
    head = GDAHead(pack.num_classes, images.feature.shape[1])
    feature, label = torch.from_numpy(images.feature), torch.from_numpy(images.label)
    head.fill(feature[train], label[train])
    plain = known_of(pack, images.label[train])
    score = {
        part: head((feature[index],)) for part, index in (("val", val), ("new", new))
    }
    held_out = (score["val"].numpy(), images.label[val])
    fits = [fit_temperature(plain, *held_out, by_group=way) for way in (False, True)]
    fitted, by_group = (
        replace(plain, calibration={TEMPERATURE: fit.temperature}) for fit in fits
    )
    found = {"random": (rng.permutation(len(new)), None)}
    for name, model, prior in (
        ("uncertain, as trained", fitted, None),
        ("uncertain, prior 1", fitted, Prior(1.0)),
        ("rare, prior 0", fitted, Prior(0.0)),
        ("rare, prior 1, not calibrated", plain, Prior(1.0)),
        ("rare, prior 1", fitted, Prior(1.0)),
        ("rare, prior 1, by group", by_group, Prior(1.0)),
    ):
        probability = Posterior(model, prior)(score["new"]).numpy()
        rank = rank_rare if name.startswith("rare") else rank_uncertain
        ranking = rank(model, probability)
        found[name] = (np.argsort(ranking.key, kind="stable"), ranking.gain)
    return found, class_groups(plain)


def unlike(images, parts, unknown, others):
    """Share of images that are called unlike training, in per cent."""
    train, val, new = parts
    is_new = np.isin(images.label, unknown)
    bank = draw_some(images.feature[train[~is_new[train]]])
    usual = np.quantile(
        nearest_distance(images.feature[val[~is_new[val]]], bank), USUAL
    )
    kinds = dict(
        known=images.feature[new[~is_new[new]]],
        unknown=images.feature[new[is_new[new]]],
    )
    kinds |= {} if others is None else dict(others=others.feature)
    return {
        k: 100 * (nearest_distance(x, bank) > usual).mean() for k, x in kinds.items()
    }


def main():
    """Split, rank, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pack")
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--others")
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    pack = read_pack(args.pack)
    sets = [EmbeddedSet.read(folder, pack).labelled for folder in args.sets]
    names = ("feature", "score", "label")
    pooled = [np.concatenate([getattr(s, name) for s in sets]) for name in names]
    images = EmbeddedSet(*pooled, path=[path for s in sets for path in s.path])
    others = None if args.others is None else EmbeddedSet.read(args.others, pack)
    numbers = defaultdict(list)
    for seed in range(args.seeds):
        rng = np.random.default_rng(seed)
        parts = stratified_split(images.label.tolist(), (0.1, 0.2), seed)
        parts = [np.array(part) for part in parts]
        found, groups = orders(pack, images, parts, rng)
        is_rare = groups[images.label[parts[2]]] == "few"
        numbers["all new images"].append(len(is_rare))
        numbers["of rare classes"].append(is_rare.sum())
        for name, (order, gain) in found.items():
            for budget in BUDGETS:
                looks = order[: round(budget * len(order))]
                key = f"{name}, {budget:.0%}"
                numbers[f"{key}, found %"].append(
                    100 * is_rare[looks].sum() / is_rare.sum()
                )
                if gain is not None:
                    numbers[f"{key}, images"].append(is_rare[looks].sum())
                    numbers[f"{key}, expected"].append(gain[looks].sum())
        unknown = rng.choice(pack.num_classes, pack.num_classes // 6, replace=False)
        for kind, share in unlike(images, parts, unknown, others).items():
            numbers[f"unlike, {kind} %"].append(share)
    for key, values in numbers.items():
        spread = f" ± {np.std(values, ddof=1):.1f}" if args.seeds > 1 else ""
        sys.stdout.write(f"{key}: {np.mean(values):.1f}{spread}\n")


if __name__ == "__main__":
    main()
