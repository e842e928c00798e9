"""Seconds of a core for many cached features: ``seconds.py [IMAGES]``.

They are made up: 768 numbers an image, 365 classes of 4,980 to 5 training images.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lpt_mm.collection import EmbeddedSet
from lpt_mm.collection.audit import make_audit
from lpt_mm.collection.back_off import report_back_off
from lpt_mm.collection.calibrating import calibrate
from lpt_mm.collection.new_class import class_means, cost_of, refine_weight
from lpt_mm.collection.review import make_review
from lpt_mm.collection.set_report import make_answer_sets
from lpt_mm.collection.trade_off import trade_off_of
from tests.test_collection.made_up import write_pack, write_set

CLASSES, WIDTH = 365, 768


def make(folder, images):
    rng = np.random.default_rng(0)
    counts = np.geomspace(4980, 5, CLASSES).astype(int).tolist()
    facts = dict(balancing=dict(prior_power=0.0))
    pack = write_pack(folder / "a.safetensors", counts, WIDTH, **facts)
    label = rng.integers(CLASSES, size=images)
    weight = pack.weights.tensors["head.weight"].numpy()
    noise = rng.normal(size=(images, WIDTH), scale=0.3)
    feature = (weight.T[label] + noise).astype("float32")
    length = np.linalg.norm(feature, axis=1, keepdims=True)
    write_set(folder / "set", pack, 60 * feature @ weight / length, label, feature)
    rows = [f"class {i},genus {i // 5},family {i // 30}" for i in range(CLASSES)]
    (folder / "tree.csv").write_text("\n".join(["class,genus,family", *rows]))
    return pack


def measure_class(pack, folder):
    """What add_class does with the sets: means, refinement and cost."""
    images = EmbeddedSet.read(folder, pack)
    means = class_means(pack, folder)
    weight = torch.cat([pack.weights.tensors["head.weight"], means[:1].T], dim=1)
    feature = torch.from_numpy(images.feature[:10])
    cost_of(pack, images, refine_weight(weight, means, feature, 20.0))


def main(images="100000"):
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        pack = make(folder := Path(name), int(images))
        model = (folder / "a.safetensors", folder / "set")
        curve = dict(out=folder / "a.csv", picture=folder / "a.png")
        tasks = dict(
            read=lambda: EmbeddedSet.read(folder / "set", pack),
            calibrate=lambda: calibrate(*model, folder / "b.safetensors"),
            calibrate_by_group=lambda: calibrate(
                *model, folder / "c.safetensors", by_group=True
            ),
            trade_off=lambda: trade_off_of(*model, **curve),
            answer_sets=lambda: make_answer_sets(*model, 0.9, test=folder / "set"),
            back_off=lambda: report_back_off(*model, folder / "tree.csv"),
            add_class=lambda: measure_class(pack, folder / "set"),
            review=lambda: make_review(*model, folder / "rare.csv"),
            review_unlike=lambda: make_review(
                *model,
                folder / "unlike.csv",
                "unlike",
                train=folder / "set",
                validation=folder / "set",
            ),
            audit=lambda: make_audit(*model, folder / "audit.csv"),
        )
        for task, run in tasks.items():
            start = time.process_time()
            run()
            sys.stdout.write(f"{task}: {time.process_time() - start:.1f} s\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
