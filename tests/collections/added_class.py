"""What a class more costs and finds: ``added_class.py [EPOCHS]``.

LPT's phase 1 is trained on nine of the digits, all but the rarest, which is then added
from 1, 5 or 20 of its images, drawn five times, with and without refinement.
"""

import sys
import tempfile
from pathlib import Path
from typing import ClassVar

import numpy as np
from mmpretrain.registry import DATASETS
from PIL import Image

from lpt_mm.collection.embedding import embed
from lpt_mm.collection.fingerprint import model_fingerprint
from lpt_mm.collection.image_batches import batches_of_split, open_split
from lpt_mm.collection.new_class import add_class
from lpt_mm.datasets import DigitsLT
from lpt_mm.engine.run_config import load_config
from lpt_mm.engine.training import run_training
from lpt_mm.inference import Predictor, publish
from lpt_mm.weights.pack import read_pack

CONFIG = Path(__file__).resolve().parents[2] / "configs/lpt/phase1_digits_lt.py"
NEW = 9
SEEDS = range(5)


@DATASETS.register_module()
class NineDigits(DigitsLT):
    METAINFO: ClassVar[dict] = dict(classes=tuple("012345678"))

    def load_data_list(self):
        return [x for x in super().load_data_list() if x["gt_label"] != NEW]


def train(folder, epochs):
    images = {"dataset.type": "NineDigits"}
    options = {"train_dataloader.dataset.dataset.type": "NineDigits"}
    for split in ("val", "test"):
        options |= {f"{split}_dataloader.{k}": v for k, v in images.items()}
    options |= {"model.head.num_classes": NEW, "train_cfg.max_epochs": epochs}
    cfg = load_config(str(CONFIG), options, str(folder / "run"))
    run_training(cfg)
    checkpoint = (folder / "run" / "last_checkpoint").read_text().strip()
    publish(cfg, checkpoint, folder / "nine.safetensors")
    pack = read_pack(folder / "nine.safetensors")
    predictor = Predictor.from_pack(folder / "nine.safetensors")
    for split in ("train", "test"):
        loader = open_split(cfg, split)
        batches = batches_of_split(predictor, loader)
        total = len(loader.dataset)
        embed(predictor, model_fingerprint(pack), batches, total, folder / split)


def write_images(folder):
    """Write the images of the new class that the test set does not have, and has."""
    for split in ("train", "val", "test"):
        part = folder / ("further" if split == "test" else "known")
        part.mkdir(exist_ok=True)
        for i, info in enumerate(DigitsLT(split).load_data_list()):
            if info["gt_label"] == NEW:
                Image.fromarray(info["img"]).save(part / f"{split}_{i}.png")


def main(epochs="60"):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train(folder, int(epochs))
        write_images(folder)
        known = sorted((folder / "known").iterdir())
        for number in (1, 5, 20):
            for refine in (None, folder / "train"):
                rows = []
                for seed in SEEDS:
                    rng = np.random.default_rng(seed)
                    images = rng.choice(known, number, replace=False)
                    made = add_class(
                        folder / "nine.safetensors",
                        list(map(str, images)),
                        folder / f"{number}_{refine is None}_{seed}.safetensors",
                        name="9",
                        test=folder / "test",
                        new_test=[str(folder / "further")],
                        refine=refine,
                    )
                    rows.append((made.after["overall"], made.lost, made.found))
                mean, spread = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1)
                how = "mean feature" if refine is None else "refined"
                text = " | ".join(
                    f"{m:.1f} ± {s:.1f}" for m, s in zip(mean, spread, strict=True)
                )
                before = made.before["overall"]
                sys.stdout.write(f"{number} {how}: {before:.1f} | {text}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
