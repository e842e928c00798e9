"""What hooks ask about a run."""

from mmengine.model import BaseTTAModel
from mmengine.runner import BaseLoop, Runner
from mmpretrain.utils import get_ori_model
from torch import nn


def classifier_of(model: nn.Module) -> nn.Module:
    """Take off the wrappers of several processes and of test-time augmentation."""
    model = get_ori_model(model)
    return model.module if isinstance(model, BaseTTAModel) else model


def training_is_ahead(runner: Runner) -> bool:
    """Tell whether a run will train, and not only validate, test, or test once more."""
    loop_is_built = isinstance(runner._train_loop, BaseLoop)
    return loop_is_built and runner.iter < runner.max_iters
