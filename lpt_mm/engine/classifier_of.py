"""The classifier inside of whatever wraps it."""

from mmengine.model import BaseTTAModel
from mmpretrain.utils import get_ori_model
from torch import nn


def classifier_of(model: nn.Module) -> nn.Module:
    """Take the wrappers off a model.

    Args:
        model: A classifier; or one that is wrapped for several processes, or by
            mmpretrain's test-time augmentation.

    Returns:
        The classifier.
    """
    model = get_ori_model(model)
    return model.module if isinstance(model, BaseTTAModel) else model
