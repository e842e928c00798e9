"""Features that are no numbers."""

from torch import Tensor

from lpt_mm.utils.errors import UserError


def require_finite(feature: Tensor, images: str) -> None:
    """Refuse features that would be compared, and by NaN everything is as near.

    Args:
        feature: (number of images, D) features.
        images: Which images they are of.

    Raises:
        UserError: If one is NaN or infinite; the message says of how many images.
    """
    finite = feature.isfinite().all(dim=1)
    if not finite.all():
        raise UserError(
            f"the features of {int((~finite).sum())} of {len(finite)} {images} are no "
            "finite numbers: check the weights with tools/model_converters/"
            "describe_weights.py, and compute without --amp and "
            "model.backbone.frozen_dtype"
        )
