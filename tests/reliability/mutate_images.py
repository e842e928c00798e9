"""Damage images in many ways, and see what reading them does.

    python tests/reliability/mutate_images.py --files 2000 --seed 0

Each damaged file must give an image or an error that names it, in bounded time and
memory, and the data doctor must agree with what training reads.
"""

import argparse
import io
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from harness import OTHER, REFUSED, RIGHT, Outcome, add_options, count, mutate
from PIL import Image

from lpt_mm.data_check.image_check import check_image
from lpt_mm.datasets.transforms import (
    LoadImage,
    LoadRandomResizedCrop,
    UnreadableImageError,
)

FORMATS = (
    *(("JPEG", mode) for mode in ("RGB", "L", "CMYK")),
    *(("PNG", mode) for mode in ("RGB", "RGBA", "P", "L", "LA", "1", "I;16")),
    *(("GIF", "P"), ("BMP", "RGB"), ("WEBP", "RGB"), ("PPM", "RGB")),
    *(("TIFF", mode) for mode in ("RGB", "CMYK", "I;16")),
    *(("JPEG2000", "RGB"), ("AVIF", "RGB")),
)
Image.init()


def make_originals() -> dict[str, bytes]:
    """Make undamaged images of every format."""
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(np.arange(48), np.arange(40))
    waves = np.stack([np.sin(x / (3 + c)) + np.cos(y / (4 + c)) for c in range(3)], -1)
    noise = rng.normal(0, 10, waves.shape)
    colours = np.clip(128 + 60 * waves + noise, 0, 255).astype(np.uint8)
    files = {}
    for kind, mode in FORMATS:
        if kind not in Image.SAVE:  # builds of Pillow differ
            continue
        if mode == "I;16":
            image = Image.fromarray(colours[..., 0].astype(np.uint16) * 257)
        else:
            image = Image.fromarray(colours).convert(mode)
        buffer = io.BytesIO()
        options = dict(exif=Image.Exif()) if kind == "JPEG" else {}
        image.save(buffer, kind, **options)
        files[f"{kind}_{mode.replace(';', '')}"] = buffer.getvalue()
    return files


def read(path: str) -> Outcome:
    """Read a file as training, testing and the doctor do."""
    torch.set_num_threads(1)
    outcomes = []
    for transform in (LoadImage(), LoadRandomResizedCrop(24)):
        try:
            image = transform.transform(dict(img_path=path))["img"]
            fits = image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
            outcomes.append(RIGHT if fits else OTHER)
        except UnreadableImageError as error:
            named = repr(path) in str(error) and len(str(error).splitlines()) == 1
            outcomes.append(REFUSED if named else OTHER)
    outcomes.append(REFUSED if check_image(dict(img_path=path)).fault else RIGHT)
    if OTHER in outcomes or outcomes[0] != outcomes[2]:
        return f"{OTHER}: {outcomes}"
    return outcomes[0]


def main() -> int:
    """Damage, read, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args = add_options(parser).parse_args()
    originals = make_originals()
    names = list(originals)

    def write(i: int, folder: Path) -> Path:
        rng = np.random.default_rng([args.seed, i])
        content = originals[names[i % len(names)]]
        other = originals[names[int(rng.integers(len(names)))]]
        path = folder / f"{i}_{names[i % len(names)]}.jpg"
        path.write_bytes(mutate(content, other, rng))
        return path

    with tempfile.TemporaryDirectory() as folder:
        return count("damaged images", args, Path(folder), write, read)


if __name__ == "__main__":
    sys.exit(main())
