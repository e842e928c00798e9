"""What training has done about the class counts already."""

from collections.abc import Mapping, Sequence

import torch
from mmengine.config import Config
from mmengine.dataset import DefaultSampler
from mmpretrain.models.losses import CrossEntropyLoss, LabelSmoothLoss
from mmpretrain.registry import DATA_SAMPLERS
from torch import nn

from lpt_mm.engine.hooks.deferred_reweight_hook import DeferredReweightHook
from lpt_mm.models.heads.feature_bank_head import FeatureBankHead
from lpt_mm.models.losses.effective_number import effective_number_weights
from lpt_mm.models.losses.long_tail_loss import SoftmaxLoss, power_of
from lpt_mm.weights.pack import LARGEST_POWER


def describe_balancing(
    cfg: Config, model: nn.Module, cls_num_list: Sequence[int] | None
) -> dict[str, str | float | None]:
    """Say what training does about the counts.

    Args:
        cfg: The config of a run.
        model: Its classifier, with or without values.
        cls_num_list: Training images per class, length C.

    Returns:
        The type names of ``loss``, ``instance_loss``, ``sampler`` and ``reweighting``,
        None where there is none; and ``prior_power``: the scores are as if class c were
        as frequent as its images to this power, 0 after balanced training and 1 without
        any; None where that is not known.
    """
    names: dict[str, str | float | None] = {}
    for name in ("loss", "instance_loss"):
        module = getattr(model.head, f"{name}_module", None)
        names[name] = module and type(module).__name__
    sampler = ((cfg.get("train_dataloader") or {}).get("sampler") or {}).get("type")
    hook = _find_hook(cfg)
    names["sampler"] = getattr(sampler, "__name__", sampler)
    names["reweighting"] = hook and DeferredReweightHook.__name__
    power = None
    if isinstance(model.head, FeatureBankHead):
        power = model.head.prior_power
    elif cls_num_list is not None:
        counts = torch.tensor(cls_num_list, dtype=torch.float64)
        power = _prior_power(_drawn_power(sampler), model.head, hook, counts)
    return names | dict(prior_power=power)


def _find_hook(cfg: Config) -> Mapping | None:
    """Find the config of the hook that weighs classes from some epoch on."""
    kinds = (DeferredReweightHook, DeferredReweightHook.__name__)
    hooks = (hook for hook in cfg.get("custom_hooks") or () if "type" in hook)
    return next((hook for hook in hooks if hook["type"] in kinds), None)


def _drawn_power(sampler: str | type | None) -> float | None:
    """Tell how often a class is drawn, as a power of its images, if that is known."""
    kind = DATA_SAMPLERS.get(sampler) if isinstance(sampler, str) else sampler
    return 1.0 if kind is DefaultSampler else getattr(kind, "count_power", None)


def _prior_power(
    drawn: float | None, head: nn.Module, hook: Mapping | None, counts: torch.Tensor
) -> float | None:
    """Take off what the loss and the weights of classes remove, to 0 at the least.

    Margins that follow the counts, beside a balanced sampler, favour rare classes, but
    are no prior that could be taken off again. A power that no pack may have, of a loss
    that favours frequent classes, is not known.
    """
    loss = head.loss_module
    if drawn is None or not counts.min() > 0:
        return None
    if not isinstance(loss, SoftmaxLoss):
        return drawn if _is_plain(loss) else None
    removed = loss.removed_power(counts)
    if hook is not None:
        weights = effective_number_weights(counts, hook.get("beta", 0.9998))
        removed -= power_of(weights.log(), counts)
    power = max(0.0, drawn - removed)
    return power if power <= LARGEST_POWER else None


def _is_plain(loss: nn.Module) -> bool:
    """Tell whether a loss of mmpretrain is cross-entropy, all classes weighing 1."""
    entropy = loss.ce if isinstance(loss, LabelSmoothLoss) else loss
    if not isinstance(entropy, CrossEntropyLoss) or entropy.use_sigmoid:
        return False
    return entropy.class_weight is None
