"""From configs of tunings to those of each layer."""

from collections.abc import Mapping, Sequence

from mmpretrain.registry import MODELS
from torch import nn

from lpt_mm.models.tunings.tuning import Tuning
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.facts import are_counts


def build_tunings(
    configs: Sequence[dict],
    embed_dims: int,
    num_layers: int,
    num_classes: int | None = None,
) -> nn.ModuleList:
    """Build what is trained beside the layers of a transformer.

    Args:
        configs: One for each kind of :class:`Tuning`: its ``type``; ``bottleneck``, by
            default that of :func:`bottleneck_for`; and ``layers``, the first one and
            the one after the last one that have it, by default all.
        embed_dims: Width of the tokens, D.
        num_layers: L.
        num_classes: C, which the default of the bottleneck depends on.

    Returns:
        For each layer a dict of modules, by the names of the types in lower case.

    Raises:
        UserError: If a type comes twice or is no tuning, or a number is out of range.
    """
    layers = nn.ModuleList(nn.ModuleDict() for _ in range(num_layers))
    for config in configs:
        if not isinstance(config, Mapping) or "type" not in config:
            raise UserError(
                "tunings is a list of dicts with a type, such as "
                f"[dict(type='AdaptFormer')], got {config!r:.80} in it"
            )
        config = dict(config)
        kind = _find_kind(config.pop("type"))
        name = kind.__name__.lower()
        start, stop = _range_of(config.pop("layers", None), num_layers)
        if config.get("bottleneck") is None:
            config["bottleneck"] = _default_bottleneck(name, num_layers, num_classes)
        for layer in layers[start:stop]:
            if name in layer:
                raise UserError(f"tunings: {kind.__name__} is there twice")
            layer[name] = kind(embed_dims, **config)
    return layers


def bottleneck_for(num_classes: int, num_layers: int) -> int:
    """Compute LIFT's bottleneck, a power of 2 that follows the classes of a layer.

    Source: https://arxiv.org/abs/2309.10019, appendix: 10 classes give 1, 365 give 8,
    1,000 give 32 and 8,142 give 256, of 12 layers.
    """
    per_layer = num_classes // (2 * num_layers)
    return 1 << (max(1, per_layer).bit_length() - 1)


def _range_of(layers: Sequence[int] | None, num_layers: int) -> tuple[int, int]:
    layers = (0, num_layers) if layers is None else layers
    is_pair = are_counts(layers) and len(layers) == 2
    if not is_pair or not layers[0] < layers[1] <= num_layers:
        raise UserError(
            f"tunings: layers={layers!r} is no range of the {num_layers} layers: give "
            "the first one and the one after the last one"
        )
    return layers[0], layers[1]


def _default_bottleneck(name: str, num_layers: int, num_classes: int | None) -> int:
    if num_classes is None:
        raise UserError(
            f"tunings: {name} has no bottleneck, and the number of classes, which it "
            "would follow, is not known: set bottleneck"
        )
    return bottleneck_for(num_classes, num_layers)


def _find_kind(name: str | type) -> type[Tuning]:
    kind = MODELS.get(name) if isinstance(name, str) else name
    if not isinstance(kind, type) or not issubclass(kind, Tuning):
        raise UserError(f"tunings: {name!r} is none: take AdaptFormer, Adapter or LoRA")
    return kind
