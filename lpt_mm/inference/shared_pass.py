"""A batch through one backbone for several models; what they share is run once.

Nothing is computed in another way than in a model alone: the parts of ``PromptedViT``
and ``LPTClassifier`` are called for all models whose settings and values are the same.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import TypeVar

from mmpretrain.models.classifiers import ImageClassifier
from torch import Tensor

from lpt_mm.models.backbones import PromptedViT
from lpt_mm.models.backbones.heard_layer import is_heard
from lpt_mm.models.classifiers import LPTClassifier
from lpt_mm.weights.plain_tensors import value_bytes

Models = Mapping[str, ImageClassifier]
# What a backbone's config says of the prompts, and of what is frozen.
OF_PROMPTS = {"prompt_length", "prompt_mode", "frozen", "frozen_prompts"}
FINAL = "final_layer"
Key = TypeVar("Key")
Item = TypeVar("Item")


class SharedPass:
    """Models of one frozen backbone that are given the same inputs.

    Args:
        models: The models by name.
        configs: Configs of their backbones.
    """

    def __init__(self, models: Models, configs: Mapping[str, Mapping]) -> None:
        self._models = models
        ...
