"""A batch through one backbone for several models; what they share is run once.

Nothing is computed in another way than in a model alone: the parts of ``PromptedViT``
and ``LPTClassifier`` are called for all models of the same settings and values.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from mmpretrain.models.classifiers import ImageClassifier
from torch import Tensor

from lpt_mm.models.backbones import PromptedViT
from lpt_mm.models.backbones.heard_layer import is_heard
from lpt_mm.models.classifiers import LPTClassifier
from lpt_mm.models.necks import GroupPromptNeck
from lpt_mm.weights.model_file import digest_tensors

# What the tokens of the first layer do not depend on, as long as the frozen tensors are
# the same.
NOT_OF_TOKENS = (
    "frozen",
    "frozen_dtype",
    "frozen_prompts",
    "prompt_length",
    "prompt_mode",
    "tunings",
)
FINAL = "final_layer"
Grid = tuple[int, int]


class SharedPass:
    """Models of one frozen backbone that are given the same inputs.

    Prompts and tunings are compared once: the models are not to be trained meanwhile.

    Args:
        models: The models by name.
        configs: Configs of their backbones.
    """

    def __init__(
        self, models: Mapping[str, ImageClassifier], configs: Mapping[str, Mapping]
    ) -> None:
        self._models = models
        self._keys = {
            name: _keys_of(model.backbone, configs[name])
            for name, model in models.items()
            if _has_parts(model)
        }

    def __call__(self, inputs: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Compute what each model computes.

        Args:
            inputs: (B, C, H, W) what the models take.

        Yields:
            Name and scores (B, C) of each model, in any order.
        """
        groups: dict = defaultdict(lambda: defaultdict(dict))
        for name, model in self._models.items():
            if name in self._keys and not is_heard(model):
                of_tokens, of_prompts = self._keys[name]
                groups[of_tokens][of_prompts][name] = model
            else:
                yield name, model(inputs, mode="tensor")
        for group in groups.values():
            embedded = None
            for models in group.values():
                if embedded is None:
                    embedded = next(iter(models.values())).backbone.embed(inputs)
                yield from _run(models, *embedded)


def _has_parts(model: ImageClassifier) -> bool:
    """Tell whether a model is put together of the parts that are called here."""
    backbone = model.backbone
    if not isinstance(backbone, PromptedViT):
        return False
    if list(backbone.out_indices) != [backbone.num_layers - 1]:
        return False
    if model.with_neck:
        is_lpt = isinstance(model, LPTClassifier)
        return is_lpt and isinstance(model.neck, GroupPromptNeck)
    return True


def _keys_of(backbone: PromptedViT, config: Mapping) -> tuple[str, str]:
    """Say what the tokens, and what the layers depend on, beside the frozen tensors."""
    settings = {k: v for k, v in config.items() if k not in NOT_OF_TOKENS}
    of_tokens = json.dumps(settings, sort_keys=True)
    tuned = {name: tensor.cpu() for name, tensor in backbone.tuned_state().items()}
    of_prompts = digest_tensors(tuned, backbone.prompt_mode)
    if backbone.prompt_mode == "shallow":  # prompts are tokens
        of_tokens += of_prompts
    return of_tokens, of_prompts


def _run(
    models: Mapping[str, ImageClassifier], tokens: Tensor, grid: Grid
) -> Iterator[tuple[str, Tensor]]:
    """Run models of the same prompts and tunings on the tokens of the first layer."""
    backbone = next(iter(models.values())).backbone
    stops = {m.neck.num_shared_layers for m in models.values() if m.with_neck} or {0}
    with backbone.unheard():
        inputs = _inputs_of(backbone, tokens, stops)
    passes: dict[str | int, Tensor] = {}  # of shared prompts alone
    for name, model in models.items():
        with model.backbone.unheard():
            yield name, model.head(_features(model, inputs, grid, passes))


def _inputs_of(
    backbone: PromptedViT, tokens: Tensor, layers: Collection[int]
) -> dict[int, Tensor]:
    """Compute the input tokens of some layers, (B, N, D) each."""
    start, inputs = 0, {}
    for layer in sorted(layers):
        inputs[layer] = tokens = backbone.encode(tokens, start, layer)
        start = layer
    return inputs


def _features(
    model: ImageClassifier,
    inputs: Mapping[int, Tensor],
    grid: Grid,
    passes: dict[str | int, Tensor],
) -> tuple[Tensor, ...]:
    """Compute what a model classifies, and note what the next one need not compute."""
    if not model.with_neck:
        if FINAL not in passes:
            start = max(inputs)
            passes[FINAL] = model.backbone.finish(inputs[start], start, grid)
        return (passes[FINAL],)
    shared = model.neck.num_shared_layers
    kind = FINAL if model.neck.query == FINAL else shared
    if kind not in passes:
        passes[kind] = model.query_from(inputs[shared], grid)
    features, _ = model.reforward(inputs[shared], grid, passes[kind])
    return features
