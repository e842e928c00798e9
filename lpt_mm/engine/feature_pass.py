"""One pass over the images of a loader, without training."""

from collections.abc import Callable

import torch
from mmengine.dist import all_gather, is_main_process
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
    """Compute features (number of images, D) and labels, in the order of the loader.

    ``feature_of`` makes (B, D) features of (B, 3, H, W) prepared images; all are those
    of this process. A bar shows how far that is.
    """
    model.eval()
    features, labels = [], []
    with progress_bar(transient=True, disable=not is_main_process()) as progress:
        for batch in progress.track(loader, description=printable(images)):
            batch = model.data_preprocessor(batch)
            features.append(feature_of(batch["inputs"]))
            labels += [sample.gt_label for sample in batch["data_samples"]]
    return torch.cat(features), torch.cat(labels)


def gather_features(feature: Tensor, loader: DataLoader) -> Tensor:
    """Put together what all processes computed (number of images, D), in order."""
    # The sampler deals the images to the processes in turn, and the first ones again
    # where the number does not come out even.
    feature = torch.stack(all_gather(feature), dim=1).flatten(0, 1)
    return feature[: len(loader.dataset)]
