"""How much of an accuracy is a leak, and what the data doctor finds of it.

Each original becomes a burst: copies that are shifted, brighter or darker, and noisy.
The bursts are split by image and by burst, a model without training is tested on both,
and the pairs that the doctor calls near-duplicates are compared with those planted.

    python tests/collections/planted_bursts.py [FOLDER]

takes scikit-learn's digits, or grey copies of images in a folder of class folders.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from PIL import Image
from scipy.ndimage import shift
from sklearn.datasets import load_digits

import lpt_mm  # noqa: F401 (registers the components)
from lpt_mm.data_check.appearance import NO_APPEARANCE, appearance
from lpt_mm.data_check.near_duplicates import most_alike
from lpt_mm.engine.run_config import load_config
from lpt_mm.models.heads import NearestClassMeanHead, NearestNeighborHead
from lpt_mm.preparation import class_folders
from lpt_mm.preparation.grouped_splits import grouped_split
from lpt_mm.preparation.splits import stratified_split

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs" / "baselines" / "knn_digits_lt.py"
SIDE, SMALL = 64, 8  # pixels of an image, and of what the embedded backbone takes
SHARES = (0.1, 0.2)
HEADS = {"nearest class mean": NearestClassMeanHead, "10-NN": NearestNeighborHead}


def read_originals(folder, number, rng):
    """Give images (n, 64, 64) uint8 and labels (n,), at random."""
    if folder is None:
        digits = load_digits()
        pixels = np.round(digits.images * (255 / 16)).astype(np.uint8)
        images, labels = list(map(Image.fromarray, pixels)), digits.target
    else:
        found = class_folders.read(folder)
        images, labels = (
            [folder / path for path, _ in found.images],
            [label for _, label in found.images],
        )
    chosen = rng.permutation(len(images))[:number]
    rows = []
    for i in chosen:
        image = images[i] if folder is None else Image.open(images[i])
        grey = image.convert("L").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        rows.append(np.asarray(grey))
    return np.stack(rows), np.unique(np.asarray(labels)[chosen], return_inverse=True)[1]


def next_shot(image, most, rng):
    """Move an image by up to so many pixels, and change its light and its noise."""
    pixels = shift(
        image.astype(float), rng.uniform(-most, most, 2), order=1, mode="nearest"
    )
    pixels = pixels * rng.uniform(0.9, 1.1) + rng.uniform(-10, 10)
    return (pixels + rng.normal(0, 4, image.shape)).clip(0, 255).astype(np.uint8)


def compute_features(images):
    """Compute the features (n, D) of the embedded backbone."""
    model = MODELS.build(load_config(str(CONFIG)).model)
    model.backbone.load_source()
    model.eval()
    size = SIDE // SMALL
    small = images.reshape(-1, SMALL, size, SMALL, size).mean((2, 4)).round()
    rows = []
    with torch.inference_mode():
        for part in torch.from_numpy(small).float()[:, None].split(256):
            inputs = model.data_preprocessor(dict(inputs=part))["inputs"]
            rows.append(model.extract_feat(inputs, "pre_logits"))
    return torch.cat(rows)


def accuracies(head, features, labels, bursts, parts):
    """Give the accuracy in per cent by image and by burst, fitted on the first part."""
    train, test = parts[0], parts[-1]
    model = head(int(labels.max()) + 1, features.shape[1])
    model.fill(features[train], torch.from_numpy(labels[train]))
    logit = model((features[test],)).log_softmax(dim=1).numpy()
    by_image = (logit.argmax(axis=1) == labels[test]).mean()
    _, first, of = np.unique(bursts[test], return_index=True, return_inverse=True)
    total = np.zeros((len(first), logit.shape[1]))
    np.add.at(total, of, logit)
    by_burst = (total.argmax(axis=1) == labels[test][first]).mean()
    return 100 * by_image, 100 * by_burst


def doctor(looks, bursts, parts):
    """Compare what is alike with what was planted: recall and precision in per cent."""
    train, test = parts[0], parts[-1]
    planted = np.isin(bursts[test], bursts[train])
    pairs = list(most_alike(looks[test], looks[train]))
    right = [bursts[test[i]] == bursts[train[twin]] for i, twin in pairs]
    return dict(
        planted=int(planted.sum()),
        found=len(pairs),
        recall=100 * sum(right) / planted.sum() if planted.any() else np.nan,
        precision=100 * np.mean(right) if right else np.nan,
        flagged=100 * len(pairs) / len(test),
    )


def main():
    """Plant, split, test, look."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--originals", type=int, default=1797)
    parser.add_argument("--copies", type=int, default=3, help="beside each original")
    parser.add_argument(
        "--shift", type=float, default=1.0, help="pixels of 64, at most"
    )
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    init_default_scope("mmpretrain")
    rng = np.random.default_rng(0)
    originals, labels = read_originals(args.folder, args.originals, rng)
    shots = [
        [next_shot(x, args.shift, rng) for x in originals] for _ in range(args.copies)
    ]
    images = np.concatenate([originals, *shots])
    bursts, labels = (
        np.tile(x, 1 + args.copies) for x in (np.arange(len(originals)), labels)
    )
    features = compute_features(images)
    looks = b"".join(appearance(Image.fromarray(image)) for image in images)
    looks = np.frombuffer(looks, np.uint8).reshape(len(images), len(NO_APPEARANCE))
    sys.stdout.write(f"{len(images):,} images of {len(originals):,} bursts\n")
    single = np.arange(len(originals))
    found = defaultdict(list)
    for seed in range(args.seeds):
        names = list(map(str, bursts))
        splits = {
            "split by image": stratified_split(labels, SHARES, seed),
            "split by burst": grouped_split(labels, names, SHARES, seed),
            "no bursts": stratified_split(labels[single], SHARES, seed),
        }
        for split, parts in splits.items():
            for name, head in HEADS.items():
                both = accuracies(head, features, labels, bursts, parts)
                for by, value in zip(("image", "burst"), both, strict=True):
                    found[split, name, f"accuracy by {by}"].append(value)
            for key, value in doctor(looks, bursts, parts).items():
                found[split, "doctor", key].append(value)
    for key, values in found.items():
        spread = f" ± {np.std(values, ddof=1):.1f}" if args.seeds > 1 else ""
        sys.stdout.write(f"{', '.join(key)}: {np.mean(values):.1f}{spread}\n")


if __name__ == "__main__":
    main()
