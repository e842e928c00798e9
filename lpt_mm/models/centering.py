"""Features whose common part is taken off before their directions are compared."""

import torch
from torch import Tensor

from lpt_mm.models.loading import note_when_loaded
from lpt_mm.utils.errors import UserError


class Centered:
    """What modules with ``center=True`` share: the buffer ``feature_mean`` (D,).

    The class tokens of a frozen transformer have a large part in common, which hides
    how their directions differ. ``feature_mean`` is the mean feature of the training
    images, found before training by ``HeadInitHook`` and saved with the model.
    ``mean_set`` tells whether it was found, or a state brought it.
    """

    def init_center(self, center: bool, width: int) -> None:
        """Make room for the mean, (``width``,), if there is to be one."""
        self.center = center
        self.mean_set = not center
        if center:
            self.register_buffer("feature_mean", torch.zeros(width))
            note_when_loaded(self, "mean_set", "feature_mean")

    def set_mean(self, mean: Tensor) -> None:
        """Take (D,) off all features from now on."""
        self.feature_mean.copy_(mean)
        self.mean_set = True

    def centered(self, feature: Tensor) -> Tensor:
        """Take the mean, if there is one, off features (B, D)."""
        if not self.center:
            return feature
        if not self.mean_set:
            raise UserError(
                f"{type(self).__name__} has center=True, but nothing has set its "
                "feature_mean: train with dict(type='HeadInitHook') in custom_hooks, "
                "or load a checkpoint that has it"
            )
        return feature - self.feature_mean
