"""Long-tailed Prompt Tuning (LPT) for mmpretrain.

Importing the package registers every component in mmpretrain's registries.

Shape letters used in all docstrings: B images, N tokens, D embed_dims, L layers,
P prompt_length, M pool_size, k topk, K num_shared_layers, C classes.
"""

import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, overload

from lpt_mm.version import __version__, check_versions

# configs/ and tools/ that come with the package, in the place that OpenMMLab's use.
MIM = Path(__file__).parent / ".mim"

check_versions()
# mmcv-lite says so on every import; no component here uses mmcv's compiled operators.
warnings.filterwarnings("ignore", message="Fail to import ``MultiScaleDeformable")

# The versions must be checked before mmpretrain loads.
from lpt_mm import datasets, engine, evaluation, models, weights  # noqa: E402

if TYPE_CHECKING:
    from lpt_mm.inference import Predictor, Tasks

__all__ = ["MIM", "__version__", "load"]
__all__ += ["datasets", "engine", "evaluation", "models", "weights"]


@overload
def load(
    pack: str | PathLike,
    backbone: str | None = None,
    device: str | None = None,
    frozen_dtype: str | None = None,
    tta: bool | None = None,
) -> "Predictor": ...


@overload
def load(
    pack: Mapping[str, str | PathLike] | Sequence[str | PathLike],
    backbone: str | None = None,
    device: str | None = None,
    frozen_dtype: str | None = None,
    tta: bool | None = None,
) -> "Tasks": ...


def load(
    pack: str | PathLike | Mapping[str, str | PathLike] | Sequence[str | PathLike],
    backbone: str | None = None,
    device: str | None = None,
    frozen_dtype: str | None = None,
    tta: bool | None = None,
) -> "Predictor | Tasks":
    """Load a pack, the file of a trained model; it needs no config.

    Args:
        pack: A file of ``tools/model_converters/publish_model.py``; or several of one
            backbone, in a list, or in a dict by the names of their tasks.
        backbone: File of the backbone, where the pack says that it needs one.
        device: Where to compute; by default a GPU if there is one.
        frozen_dtype: ``'bfloat16'`` to compute the frozen layers in.
        tta: Whether to average over crops of each image, those of the pack or else five
            with a room of 1.5 patches; by default if the pack says so.

    Returns:
        The predictor: ``predictor(images)`` classifies. Of several packs the tasks,
        which share the backbone.
    """
    from lpt_mm.inference import Predictor, Tasks  # training and testing need none

    if isinstance(pack, str | PathLike):
        return Predictor.from_pack(pack, backbone, device, frozen_dtype, tta)
    return Tasks(pack, backbone, device, frozen_dtype, tta)
