"""Split lists: found, copied, written or fetched."""

import hashlib
import os
import shutil
from pathlib import Path

from lpt_mm.datasets.inaturalist18 import read_json
from lpt_mm.datasets.split_list import read_split_list
from lpt_mm.preparation.benchmarks import PartState, SplitFile
from lpt_mm.utils.download import download
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import new_file


def state_of_list(split: SplitFile, root: Path, lists: Path | None) -> PartState:
    """Check the list in ``root``, or make it, perhaps of a file in ``lists``."""
    target, todo = root / split.name, _todo(split, root)
    copy, json = _find(split.name, lists), _find(split.json, root, lists)
    exists = os.path.lexists(target)
    try:
        if exists and not target.is_file():
            raise UserError(f"'{target}' is no file, or a link to none")
        if exists:
            return PartState(split.name, _judge(split, target, str(target), json))
        if not (copy or json or split.url):
            return PartState(split.name, "missing", todo)
        with new_file(target) as temporary:
            # The new file is judged: a source might change in between.
            origin, source = _fill(temporary, copy, json, split.url)
            state = _judge(split, temporary, source, json)
        return PartState(split.name, f"{origin}; {state}")
    except (OSError, ValueError) as error:
        if not exists:
            return PartState(split.name, str(error), todo)
        todo = f"move '{target}' away if you do not want it; {todo}"
        return PartState(split.name, f"{error}; left as it is", todo)


def _find(name: str | None, *folders: Path | None) -> Path | None:
    files = [folder / name for folder in folders if folder and name]
    return next((file for file in files if file.is_file()), None)


def _fill(
    file: Path, copy: Path | None, json: Path | None, url: str | None
) -> tuple[str, str]:
    """Fill a file from one of the sources, and say how it was made, and of what."""
    if copy:
        shutil.copyfile(copy, file)
        return f"copied from '{copy}'", str(copy)
    if json:
        file.write_bytes(_lines_of(json))
        return f"written from '{json}'", str(json)
    download(url, file)
    return f"fetched from {url}", url


def _judge(split: SplitFile, file: Path, source: str, json: Path | None) -> str:
    """Refuse a list that is known to be another one; say how it is known."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    if digest == split.sha256:
        return f"{split.images:,} images; its checksum is right"
    if json and sorted(file.read_bytes().splitlines()) != sorted(
        _lines_of(json).splitlines()
    ):
        raise UserError(f"'{source}' has other lines than '{json}'")
    if split.sha256 and not json:
        raise UserError(
            f"'{source}' is another list: its sha256 is {digest}, that of the "
            f"public list is {split.sha256}"
        )
    try:
        count = len(read_split_list(file)[0])
    except ValueError as error:  # it names the file, which may be a temporary one
        message = str(error).replace(str(file), source)
        raise UserError(f"no split list: {message}") from error
    if count != split.images:
        raise UserError(f"'{source}' lists {count:,} images, not {split.images:,}")
    if json:
        return f"{count:,} images, as in '{json}'"
    return f"{count:,} images; not verified, as no checksum of it is known"


def _lines_of(json: Path) -> bytes:
    lines = [f"{path} {label}\n" for path, label in zip(*read_json(json), strict=True)]
    return "".join(lines).encode()


def _todo(split: SplitFile, root: Path) -> str:
    if split.json:
        return (
            f"get {split.json} ({split.json}.tar.gz) from {split.page}, put it into "
            f"'{root}' and run this again"
        )
    place = f"put it into '{root}' or name its folder with --lists"
    if split.url:
        return f"fetch {split.url} (see {split.page}) and {place}"
    return f"get {split.name} from {split.page} and {place}"
