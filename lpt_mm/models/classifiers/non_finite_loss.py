"""Stop at a loss that is not finite."""

import torch
from mmengine.logging import MessageHub
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import list_some


class NonFiniteLossError(UserError):
    """A loss is NaN or infinite; its step has changed no weight."""


def require_finite_loss(
    losses: dict[str, Tensor],
    feature: Tensor,
    data_samples: list[DataSample],
    model: nn.Module,
) -> None:
    """Refuse losses () whose sum is not finite; waits once for the device.

    Says which terms are not, where that may come from, such as the features (B, D) of
    some of the images, and what to do.
    """
    if _is_finite(sum(losses.values())):
        return
    terms = [f"{k} = {v.item()}" for k, v in losses.items() if not _is_finite(v)]
    parts = [
        f"the loss is not finite in {_describe_step()}: "
        f"{', '.join(terms) or 'the sum overflows'}; this step has changed no weight",
        _describe_images(feature, data_samples),
    ]
    weights = [name for name, p in model.named_parameters() if not _is_finite(p)]
    if weights:
        parts.append(f"Not finite before this step: {list_some(weights)}")
    parts.append(
        "Lower the learning rate (optim_wrapper.optimizer.lr), look at these images "
        "and go on from a checkpoint of before, with --resume"
    )
    raise NonFiniteLossError(". ".join(parts))


def _is_finite(tensor: Tensor) -> bool:
    return bool(torch.isfinite(tensor).all())


def _describe_step() -> str:
    """Name step, epoch and learning rate, as far as a runner has told them."""
    hub = MessageHub.get_current_instance()
    counts = {"step": hub.get_info("iter"), "epoch": hub.get_info("epoch")}
    facts = [f"{name} {i + 1}" for name, i in counts.items() if i is not None]
    if (rate := hub.log_scalars.get("train/lr")) is not None:
        facts.append(f"learning rate {rate.current():.3g}")
    return ", ".join(facts) or "this step"


def _describe_images(feature: Tensor, data_samples: list[DataSample]) -> str:
    """Name the images without a finite feature, else all of the batch."""
    finite = torch.isfinite(feature).all(dim=1).tolist()
    bad = [s for s, is_good in zip(data_samples, finite, strict=True) if not is_good]
    if 0 < len(bad) < len(data_samples):
        what = f"Features of {len(bad)} of {len(data_samples)} images are not finite"
    else:
        what, bad = "The batch", data_samples
    names = {_name(sample) for sample in bad}
    return f"{what}: {list_some(names, limit=5)}"


def _name(sample: DataSample) -> str:
    """Name an image by its file, else by its place in the data set."""
    if path := sample.get("img_path"):
        return str(path)
    return f"image {sample.get('sample_idx', '?')} of the data set"
