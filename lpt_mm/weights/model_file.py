"""Files of safetensors: what was trained, what is known of it, and their checksum.

A pack has the fact ``pack``, see ``pack.py``; older files of models have none.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import torch
from mmengine.runner import CheckpointLoader
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from lpt_mm.weights.errors import DAMAGED, WeightFileError
from lpt_mm.weights.facts import is_plain, known_facts
from lpt_mm.weights.plain_tensors import value_bytes

PACK = "pack"
FORMAT = 1  # of packs; others are refused
# Of a checkpoint's ``meta``, and of a pack.
FACTS = (
    "backbone",
    "cls_num_list",
    "dataset_meta",
    "settings",
    "epoch",
    "seed",
    PACK,
)
META, DIGEST = "lpt_mm", "sha256"


def write_model(tensors: Mapping[str, Tensor], meta: Mapping[str, object]) -> bytes:
    """Make the content of a file, with the ``FACTS`` of a ``meta``."""
    # safetensors refuses tensors that share their memory.
    whole = torch.contiguous_format
    tensors = {k: tensor.clone(memory_format=whole) for k, tensor in tensors.items()}
    # A data set of others may have facts that are not plain.
    kept = {key: meta[key] for key in FACTS if meta.get(key) is not None}
    facts = json.dumps({key: fact for key, fact in kept.items() if is_plain(fact)})
    metadata = {"format": "pt", META: facts, DIGEST: digest_tensors(tensors, facts)}
    return save(tensors, metadata)


def read_model(path: Path) -> tuple[dict[str, Tensor], dict[str, object]]:
    """Read the tensors of a safetensors file, and the facts of :func:`write_model`.

    A damaged file is refused; in a file of ours, any change is found.
    """
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError, RuntimeError, OverflowError) as error:
        raise WeightFileError(f"'{path}' {DAMAGED} ({error})") from error
    if not metadata.keys() & {META, DIGEST}:
        return tensors, {}
    text = metadata.get(META, "")
    facts = _parse(text, path)
    if metadata.get(DIGEST) != digest_tensors(tensors, text):
        raise WeightFileError(f"'{path}' {DAMAGED}: its checksum does not fit")
    return tensors, facts


def _parse(text: str, path: Path) -> dict[str, object]:
    """Read the facts; another format may have another checksum, too."""
    try:
        meta = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WeightFileError(f"'{path}' {DAMAGED}") from error
    if not isinstance(meta, dict):
        raise WeightFileError(f"'{path}' {DAMAGED}")
    facts = known_facts(meta)
    pack = facts.get(PACK, {"format": FORMAT})
    if pack.get("format") != FORMAT:
        raise WeightFileError(
            f"'{path}' is a pack of format {pack.get('format')!r:.20}, and this "
            f"lpt_mm reads format {FORMAT}: update lpt_mm, or publish the model anew"
        )
    return facts


def digest_tensors(tensors: Mapping[str, Tensor], facts: str) -> str:
    """Compute a SHA-256 digest of plain tensors on the CPU, and of a text."""
    digest = sha256(facts.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(value_bytes(tensor))
    return digest.hexdigest()


@CheckpointLoader.register_scheme(prefixes=r".*\.safetensors$")
def load_model(filename: str, map_location: object = None) -> dict:
    """Let mmengine load a file; ``map_location`` is that of torch.load."""
    tensors, meta = read_model(Path(filename))
    if isinstance(map_location, str | torch.device):
        tensors = {name: tensor.to(map_location) for name, tensor in tensors.items()}
    return dict(state_dict=tensors, meta=meta)
