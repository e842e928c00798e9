"""A vision transformer that knows where its weights come from."""

from collections.abc import Mapping

from mmpretrain.models.backbones import VisionTransformer
from mmpretrain.registry import WEIGHT_INITIALIZERS
from torch import Tensor

from lpt_mm.weights.architecture import ViTArchitecture
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import (
    IDENTITY,
    compare_backbones,
    decode_identity,
    describe_backbone,
    fingerprint,
    is_tuned,
)
from lpt_mm.weights.pretrained_vit import PretrainedViT


class SourcedViT(VisionTransformer):
    """mmpretrain's ``VisionTransformer``, which a light checkpoint can leave out.

    Its arguments are those of ``VisionTransformer``. After its pre-trained weights have
    been loaded, ``source`` names them, and ``positions`` tells their position
    embeddings, whatever size those have here; a light state is completed with them,
    however it is loaded. ``tuned_loaded`` tells whether a state brought what is trained
    in it, prompts and tunings.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.source: str | None = None
        self.tuned_loaded = False
        self.positions: str | None = None
        self.register_load_state_dict_pre_hook(restore_frozen)

    @property
    def hidden_settings(self) -> dict[str, object]:
        """What the features depend on, but no weight shows."""
        layer = self.layers[0]
        plain = hasattr(layer.ffn, "layers")  # a SwiGLU has none
        return dict(
            num_heads=layer.attn.num_heads,
            layer_norm_eps=layer.ln1.eps,
            activation=type(layer.ffn.layers[0][1]).__name__ if plain else "SiLU",
        )

    def frozen_state(self) -> dict[str, Tensor]:
        """Give all tensors but those of prompts and tunings, by name."""
        return {k: v for k, v in self.state_dict().items() if not is_tuned(k)}

    def tuned_state(self) -> dict[str, Tensor]:
        """Give the tensors of prompts and tunings, by name."""
        return {k: v for k, v in self.state_dict().items() if is_tuned(k)}

    @property
    def identity(self) -> dict[str, object]:
        """Which transformer this is, apart from its prompts."""
        frozen = self.frozen_state()
        return dict(
            source=self.source,
            architecture=str(ViTArchitecture.of(frozen)),
            fingerprint=fingerprint(frozen),
            positions=self.positions,
            **self.hidden_settings,
        )

    def check_init(self, trained: Mapping[str, object] | None = None) -> None:
        """Refuse pre-trained weights that do not fit, without loading them.

        ``trained`` is the identity of the transformer that a light checkpoint was
        trained on, which must be that of the weights.
        """
        if initializer := self._initializer():
            initializer.check(self, trained)
        elif trained is not None:
            raise WeightFileError(
                f"the checkpoint is light, without {describe_backbone(trained)}: set "
                "model.backbone.init_cfg to a PretrainedViT that loads it"
            )

    def init_weights(self) -> None:
        """Initialise the transformer; prompts and tunings are when they are built.

        Pre-trained weights replace the random ones: mmengine would draw those after
        having loaded, unless the initialiser is its own ``Pretrained``.
        """
        initializer = self._initializer()
        if initializer is None:
            super().init_weights()
            return
        initializer(self)
        self.source, self.positions = initializer.checkpoint, initializer.positions
        self._is_init = True

    def load_source(self) -> None:
        """Load the pre-trained weights, unless that was done or there are none."""
        if self.source is None and self._initializer() is not None:
            self.init_weights()

    def _initializer(self) -> PretrainedViT | None:
        """Build what loads the pre-trained weights, in whatever scope this runs."""
        if not isinstance(self.init_cfg, dict):
            return None
        arguments = dict(self.init_cfg)
        kind = arguments.pop("type")
        if isinstance(kind, str):
            kind = WEIGHT_INITIALIZERS.get(kind)
        return PretrainedViT(**arguments) if kind is PretrainedViT else None


def restore_frozen(
    module: SourcedViT, state_dict: dict[str, Tensor], prefix: str, *_: object
) -> None:
    """Complete a light state before a ``SourcedViT`` loads it, however that is done.

    If need be the transformer first loads its pre-trained weights.
    """
    module.tuned_loaded |= all(prefix + x in state_dict for x in module.tuned_state())
    identity = state_dict.pop(prefix + IDENTITY, None)
    if identity is None:
        if any(prefix + name in state_dict for name in module.frozen_state()):
            module.source = module.positions = None
        return
    module.load_source()
    misfit = compare_backbones(decode_identity(identity), module.identity)
    if misfit:
        raise WeightFileError(f"the checkpoint {misfit}")
    for name, tensor in module.frozen_state().items():
        state_dict[prefix + name] = tensor
