"""Long-tailed Prompt Tuning (LPT) for mmpretrain.

Importing the package registers every component in mmpretrain's registries.

Shape letters used in all docstrings: B images, N tokens, D embed_dims, L layers,
P prompt_length, M pool_size, k topk, K num_shared_layers, C classes.
"""

import warnings
from pathlib import Path

from lpt_mm.version import __version__, check_versions

# configs/ and tools/ that come with the package, in the place that OpenMMLab's use.
MIM = Path(__file__).parent / ".mim"

check_versions()
# mmcv-lite says so on every import; no component here uses mmcv's compiled operators.
warnings.filterwarnings("ignore", message="Fail to import ``MultiScaleDeformable")

# The versions must be checked before mmpretrain loads.
from lpt_mm import datasets, engine, evaluation, models, weights  # noqa: E402

__all__ = ["MIM", "__version__"]
__all__ += ["datasets", "engine", "evaluation", "models", "weights"]
