"""A checkpoint that lies on the first machine alone."""

from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from mmengine.dist import (
    all_gather_object,
    broadcast_object_list,
    get_rank,
    get_world_size,
    is_main_process,
)


def fetch_from_first(checkpoint: str, folder: str) -> TemporaryDirectory | None:
    """Copy the first process's file to this machine, unless it is here already.

    All processes call it together. The same name may stand for an older file here.

    Args:
        checkpoint: Path of the file on the machine of the first process.
        folder: Where the folder of the copy goes.

    Returns:
        A folder with the copy, under the name of the file, until it is cleaned up; None
        if the file itself can be read here.
    """
    if get_world_size() == 1:
        return None
    content = Path(checkpoint).read_bytes() if Path(checkpoint).is_file() else b""
    digests = all_gather_object(sha256(content).digest())
    if all(digest == digests[0] for digest in digests):
        return None
    broadcast_object_list(received := [content if is_main_process() else None])
    if digests[get_rank()] == digests[0]:
        return None
    copy = TemporaryDirectory(prefix=".from_first_machine_", dir=folder)
    (Path(copy.name) / Path(checkpoint).name).write_bytes(received[0])
    return copy
