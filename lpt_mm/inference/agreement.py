"""Whether an exported file computes what its model does."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_sample_images
from torch import Tensor

from lpt_mm.utils.errors import UserError

TOLERANCE = 1e-4
BATCH_SIZES = (5, 1, 2)
CROP = 200  # pixels; the photos have 427 x 640

Run = Callable[[Tensor], Mapping[str, Tensor]]


def make_batches(channels: int, height: int, width: int) -> list[Tensor]:
    """Make images to compare on: noise, and crops of two photos of scikit-learn.

    Args:
        channels: 1 or 3.
        height: Pixels of a column.
        width: Pixels of a row.

    Returns:
        Batches (B, channels, height, width) uint8 of several sizes.
    """
    rng = np.random.default_rng(0)
    mode = "L" if channels == 1 else "RGB"
    photos = [Image.fromarray(x).convert(mode) for x in load_sample_images().images]
    batches = []
    for size in BATCH_SIZES:
        crops = []
        for i in range(size):
            left, top = rng.integers(CROP, size=2).tolist()
            crop = photos[i % 2].crop((left, top, left + CROP, top + CROP))
            crops.append(np.array(crop.resize((width, height))).reshape(-1, channels))
        shape = (size, height, width, channels)
        noise = rng.integers(256, size=shape, dtype=np.uint8)
        for images in (np.reshape(crops, shape), noise):
            batches.append(torch.from_numpy(images).permute(0, 3, 1, 2).contiguous())
    return batches


def require_agreement(
    run: Run, batches: Sequence[Tensor], expected: Sequence[Mapping[str, Tensor]]
) -> float:
    """Refuse a file whose scores, labels or features are not those of its model.

    Args:
        run: Runs the file.
        batches: Batches of images.
        expected: What the model computes from each.

    Returns:
        The largest difference of the scores.

    Raises:
        UserError: If a score differs by more than 1e-4, a feature by more than that
            share of the largest, or a label.
    """
    largest = 0.0
    for images, wanted in zip(batches, expected, strict=True):
        found = run(images)
        differences = {
            name: (found[name] - wanted[name]).abs().max().item() for name in wanted
        }
        differences["features"] /= wanted["features"].abs().max().item()
        same = torch.equal(*(x["scores"].argmax(dim=1) for x in (found, wanted)))
        # A NaN is not below anything.
        if not (same and all(x <= TOLERANCE for x in differences.values())):
            raise UserError(
                f"the exported file differs from the model for {len(images)} images: "
                f"scores by {differences['scores']:.2g}, features by "
                f"{differences['features']:.2g}, labels are "
                f"{'the same' if same else 'others'}; it was not kept. Try the other "
                "format, or other releases of torch and onnx"
            )
        largest = max(largest, differences["scores"])
    return largest
