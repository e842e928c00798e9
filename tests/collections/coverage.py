"""Coverage of answer sets on random splits: ``coverage.py PACK SET...``.

All images of the sets are pooled, and split in halves five times: one half finds the
threshold, the other half is the test.
"""

import sys

import numpy as np

from lpt_mm.answers.answer_sets import KINDS, AnswerSets
from lpt_mm.collection import EmbeddedSet
from lpt_mm.collection.set_report import report_sets
from lpt_mm.evaluation.metrics import SHOT_GROUPS
from lpt_mm.weights.pack import read_pack

SEEDS = range(5)


def main(path, *folders):
    pack = read_pack(path)
    sets = [EmbeddedSet.read(folder, pack).labelled for folder in folders]
    score = np.concatenate([x.score for x in sets])
    label = np.concatenate([x.label for x in sets])
    for coverage in (0.8, 0.9, 0.95):
        for kind in KINDS:
            rows = []
            for seed in SEEDS:
                order = np.random.default_rng(seed).permutation(len(label))
                first, second = np.array_split(order, 2)
                fit = AnswerSets.fit(pack, score[first], label[first], coverage, kind)
                found = report_sets(pack, fit, score[second], label[second])
                all_ = found["overall"]
                groups = [found[x].coverage for x in SHOT_GROUPS]
                rows.append([all_.coverage, all_.size, all_.empty, *groups])
            splits = " ".join(f"{row[0]:.1f}" for row in rows)
            means = " ".join(f"{x:.2f}" for x in np.mean(rows, axis=0))
            sys.stdout.write(f"{coverage} {kind}: splits {splits}; means {means}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
