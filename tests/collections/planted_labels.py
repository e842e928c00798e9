"""Wrong labels are planted, and looked for: ``planted_labels.py PACK SET``.

SET is a training set of embed.py. So many of its labels become others, any or one of
the three classes that theirs is most often taken for; the share of them that is found
is told for the score of the audit, and for others of the same probabilities.
"""

import argparse
import sys
import time
from collections import defaultdict

import numpy as np
import torch

from lpt_mm.answers.posterior import class_groups
from lpt_mm.collection import EmbeddedSet
from lpt_mm.collection.audit import label_trust, rank_in_classes
from lpt_mm.collection.out_of_fold import out_of_fold_scores
from lpt_mm.weights.pack import read_pack

CONFUSABLE = 3


def plant(label, choices, share, rng):
    """Give wrong labels (n,), and where they are; choices are lists by class."""
    where = rng.choice(len(label), round(share * len(label)), replace=False)
    wrong = label.copy()
    wrong[where] = [rng.choice(choices[c]) for c in label[where]]
    return wrong, np.isin(np.arange(len(label)), where)


def confusable(score, label):
    """Name the classes that images of a class are most often taken for."""
    probability = torch.from_numpy(score).softmax(dim=1).numpy()
    chosen = {}
    for c in np.unique(label):
        mean = probability[label == c].mean(axis=0)
        mean[c] = -1
        chosen[c] = np.argsort(-mean)[:CONFUSABLE]
    return chosen


def trusts(score, label):
    """The audit's score, and others: low where a label is not believed."""
    trust, probability = label_trust(score, label)
    rows = np.arange(len(label))
    others = probability.copy()
    others[rows, label] = 0
    own = probability[rows, label]
    rank, number = rank_in_classes(trust, label)
    return {
        "audit": trust,
        "probability of the label": own,
        "margin to the likeliest other": own - others.max(axis=1),
        "rank in the class, in shares of it": (rank - 0.5) / number,
    }


def main():
    """Plant, look, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pack")
    parser.add_argument("set")
    parser.add_argument(
        "--share", type=float, default=0.05, help="wrong, and looked at"
    )
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    pack = read_pack(args.pack)
    images = EmbeddedSet.read(args.set, pack).labelled
    label, classes = images.label, range(pack.num_classes)
    few = class_groups(pack) == "few"
    score = out_of_fold_scores(images.feature, label, pack.num_classes)
    kinds = dict(
        any={c: [x for x in classes if x != c] for c in classes},
        confusable=confusable(score, label),
    )
    numbers = defaultdict(list)
    looks = round(args.share * len(label))
    for kind, choices in kinds.items():
        for seed in range(args.seeds):
            rng = np.random.default_rng(seed)
            given, is_wrong = plant(label, choices, args.share, rng)
            start = time.process_time()
            score = out_of_fold_scores(images.feature, given, pack.num_classes, seed)
            numbers[f"{kind}, seconds"].append(time.process_time() - start)
            right = 100 * (score.argmax(axis=1) == label).mean()
            numbers[f"{kind}, images right %"].append(right)
            for name, trust in trusts(score, given).items():
                found = np.zeros(len(label), dtype=bool)
                found[np.argsort(trust, kind="stable")[:looks]] = True
                key = f"{kind}, {name}"
                numbers[f"{key}, found %"].append(100 * found[is_wrong].mean())
                rare = few[given]
                for what, where in (("wrong", is_wrong), ("right", ~is_wrong)):
                    listed = 100 * found[where & rare].mean()
                    numbers[f"{key}, of {what} few-shot labels %"].append(listed)
    for key, values in numbers.items():
        spread = f" ± {np.std(values, ddof=1):.1f}" if args.seeds > 1 else ""
        sys.stdout.write(f"{key}: {np.mean(values):.1f}{spread}\n")


if __name__ == "__main__":
    main()
