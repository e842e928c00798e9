"""Which backbone was a model trained on? A light checkpoint says so, and leaves it out.

It holds what was trained, and ``backbone.identity`` in place of the frozen layers: a
JSON text as bytes, in a tensor, so that it goes wherever the other tensors go.
"""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256

import torch
from torch import Tensor

from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable
from lpt_mm.weights.architecture import ViTArchitecture
from lpt_mm.weights.plain_tensors import is_plain, value_bytes

BACKBONE = "backbone."
IDENTITY = "identity"
POSITIONS = "pos_embed"
SHARED_PROMPTS = "shared_prompts"
TUNINGS = "tunings."


def fingerprint(tensors: Mapping[str, Tensor]) -> str:
    """Compute a SHA-256 digest that tells the frozen layers of backbones apart.

    The values are rounded to bfloat16, so that it is the same in every
    ``frozen_dtype``. Position embeddings are left out: those of other image sizes are
    resized. :func:`digest_positions` is for them.
    """
    names = sorted(x for x in tensors if x != POSITIONS and not is_tuned(x))
    # Hashing lets other threads run. torch stays in this one: in a process that was
    # forked, its first calls from several threads fail ("Invalid thread pool").
    with ThreadPoolExecutor() as pool:
        digests = list(pool.map(_digest, [_contents(tensors[name]) for name in names]))
    return sha256("\n".join([*names, *digests]).encode()).hexdigest()


def digest_positions(tensors: Mapping[str, Tensor]) -> str:
    """Compute the like for the position embeddings, before any resizing."""
    return _digest(_contents(tensors[POSITIONS]))


def _contents(tensor: Tensor) -> tuple[bytes, memoryview]:
    rounded = tensor.detach().cpu().to(torch.bfloat16)
    return repr(tuple(tensor.shape)).encode(), value_bytes(rounded)


def _digest(contents: tuple[bytes, memoryview]) -> str:
    shape, values = contents
    digest = sha256(shape)
    digest.update(values)
    return digest.hexdigest()


def identify(tensors: Mapping[str, Tensor], source: str) -> dict[str, object]:
    """Give the identity of a backbone that was read from ``source``, as it is there."""
    return dict(
        source=source,
        architecture=str(ViTArchitecture.of(tensors)),
        fingerprint=fingerprint(tensors),
        positions=digest_positions(tensors),
    )


def compare_backbones(
    trained: Mapping[str, object], own: Mapping[str, object]
) -> str | None:
    """Say that a model was trained on another backbone than the config's own.

    The end of a sentence about the checkpoint; None if they are the same, as far as is
    recorded.
    """
    same = trained.get("fingerprint") == own.get("fingerprint")
    theirs, ours = trained.get("positions"), own.get("positions")
    if same and (theirs == ours or None in (theirs, ours)):
        return None
    difference = " with other position embeddings" if same else ""
    return (
        f"was trained on {describe_backbone(trained)}, but the config has "
        f"{describe_backbone(own)}{difference}: set model.backbone.init_cfg.checkpoint"
    )


def describe_backbone(identity: Mapping[str, object]) -> str:
    """Name a backbone by its architecture, source and fingerprint, for an error."""
    digest = str(identity.get("fingerprint"))[:12]
    return printable(
        f"the {identity.get('architecture')} of '{identity.get('source')}' "
        f"(fingerprint {digest})"
    )


def encode_identity(identity: Mapping[str, object]) -> Tensor:
    """Put an identity into a tensor, (number of bytes,) uint8."""
    text = json.dumps(identity, sort_keys=True)
    return torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8)


def decode_identity(tensor: Tensor) -> dict[str, object]:
    """Take an identity out of a tensor; ``ValueError`` if there is none in it."""
    identity = None
    if tensor.ndim == 1 and tensor.dtype == torch.uint8 and is_plain(tensor):
        with suppress(ValueError, RecursionError):
            identity = json.loads(bytes(tensor.tolist()))
    if not isinstance(identity, dict):
        raise UserError("backbone.identity is damaged")
    return identity


def leave_out_backbone(
    state_dict: Mapping[str, Tensor], identity: Mapping[str, object], prefix: str = ""
) -> dict[str, Tensor]:
    """Keep what was trained of a classifier, and the identity of the rest.

    The names of a wrapper's ``state_dict`` begin with ``prefix``.
    """
    names = [x for x in state_dict if not is_frozen(x.removeprefix(prefix))]
    light = {name: state_dict[name] for name in names}
    return light | {prefix + BACKBONE + IDENTITY: encode_identity(identity)}


def is_frozen(name: str) -> bool:
    """Tell whether a light checkpoint leaves out the tensor of this name."""
    return name.startswith(BACKBONE) and not is_tuned(name.removeprefix(BACKBONE))


def is_tuned(name: str) -> bool:
    """Tell what is trained of a frozen backbone by its name there."""
    return name == SHARED_PROMPTS or name.startswith(TUNINGS)
