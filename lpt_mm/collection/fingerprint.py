"""Which model is it? Of a pack, and of the checkpoint that it was made of, the same."""

import json
from hashlib import sha256

from lpt_mm.weights.identity import BACKBONE, fingerprint, is_frozen
from lpt_mm.weights.model_file import digest_tensors
from lpt_mm.weights.pack import Pack


def model_fingerprint(pack: Pack) -> str:
    """Compute a SHA-256 digest of all that features and scores depend on.

    Those are the tensors, the model's settings and the preprocessing. A temperature or
    a report that is added to a pack changes nothing.

    Args:
        pack: The pack.

    Returns:
        The digest, 64 characters.
    """
    tensors = pack.weights.tensors
    trained = {name: tensors[name] for name in tensors if not is_frozen(name)}
    if pack.weights.is_light:
        backbone = pack.weights.identity.get("fingerprint")
    else:
        frozen = {x.removeprefix(BACKBONE): tensors[x] for x in tensors if is_frozen(x)}
        backbone = fingerprint(frozen)
    settings = [pack.model, pack.data_preprocessor, pack.pipeline, backbone]
    text = json.dumps(settings, sort_keys=True)
    return sha256(digest_tensors(trained, text).encode()).hexdigest()
