"""One pass over the images of a loader, without training."""

from collections.abc import Callable

import torch
from mmengine.dist import is_main_process
from mmpretrain.models.classifiers import BaseClassifier
from torch import Tensor
from torch.utils.data import DataLoader

from lpt_mm.utils.progress import progress_bar
from lpt_mm.utils.text import printable


@torch.no_grad()
def compute_features(
    model: BaseClassifier,
    loader: DataLoader,
    feature_of: Callable[[Tensor], Tensor],
    images: str,
) -> tuple[Tensor, Tensor]:
    """Compute something of each image of this process, and show how far that is.

    ``feature_of`` computes (B, D) features of (B, 3, H, W) prepared images. Returned,
    in the order of the loader, are (number of images, D) features on the model's
    device, and (number of images,) int64 class indices.
    """
    model.eval()
    features, labels = [], []
    with progress_bar(transient=True, disable=not is_main_process()) as progress:
        for batch in progress.track(loader, description=printable(images)):
            batch = model.data_preprocessor(batch)
            features.append(feature_of(batch["inputs"]))
            labels += [sample.gt_label for sample in batch["data_samples"]]
    return torch.cat(features), torch.cat(labels)
