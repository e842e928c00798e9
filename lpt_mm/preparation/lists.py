"""Split lists: found, copied, fetched or written."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from lpt_mm.datasets.inaturalist18 import read_json
from lpt_mm.datasets.split_list import read_split_list
from lpt_mm.preparation.part_state import PartState
from lpt_mm.preparation.parts import SplitFile
from lpt_mm.utils.download import download
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import new_file


@dataclass(frozen=True)
class ListPreparation:
    """Puts one split list into its place.

    Args:
        split: The list.
        root: Folder of the benchmark.
        lists: Folder in which the user has a copy of the list, or of the JSON file.
    """

    split: SplitFile
    root: Path
    lists: Path | None = None

    @property
    def target(self) -> Path:
        """Where the list belongs."""
        return self.root / self.split.name

    def run(self) -> PartState:
        """Check the list, or make it if it is not there."""
        try:
            if os.path.lexists(self.target):
                return self._check_existing()
            if self.lists and (self.lists / self.split.name).is_file():
                return self._copy(self.lists / self.split.name)
            if json := self._json():
                return self._write(json)
            if self.split.url:
                return self._fetch(self.split.url)
        except (OSError, ValueError) as error:
            return PartState(self.split.name, str(error), self._todo())
        return PartState(self.split.name, "missing", self._todo())

    def _check_existing(self) -> PartState:
        if not self.target.is_file():
            raise UserError(f"'{self.target}' is no file, or a link to none")
        try:
            return PartState(self.split.name, self._judge(self.target))
        except ValueError as error:
            todo = f"move '{self.target}' away if you do not want it; {self._todo()}"
            return PartState(self.split.name, f"{error}; left as it is", todo)

    def _copy(self, source: Path) -> PartState:
        with new_file(self.target) as temporary:
            # The copy is judged: the source might change in between.
            shutil.copyfile(source, temporary)
            state = self._judge(temporary, str(source))
        return PartState(self.split.name, f"copied from '{source}'; {state}")

    def _fetch(self, url: str) -> PartState:
        with new_file(self.target) as temporary:
            download(url, temporary)
            state = self._judge(temporary, url)
        return PartState(self.split.name, f"fetched from {url}; {state}")

    def _write(self, json: Path) -> PartState:
        content = _lines_of(json)
        with new_file(self.target) as temporary:
            temporary.write_bytes(content)
            count = _count(temporary, self.split.images, str(json))
        state = f"written from '{json}': {count:,} images"
        if self.split.sha256 == hashlib.sha256(content).hexdigest():
            state += ", and its checksum is that of the public list"
        return PartState(self.split.name, state)

    def _judge(self, file: Path, source: str | None = None) -> str:
        """Refuse a list that is known to be another one; say how it is known."""
        source = source or str(file)
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        if digest == self.split.sha256:
            return f"{self.split.images:,} images; its checksum is right"
        if json := self._json():
            lines, expected = file.read_bytes(), _lines_of(json)
            if sorted(lines.splitlines()) != sorted(expected.splitlines()):
                raise UserError(f"'{source}' has other lines than '{json}'")
            return f"{_count(file, self.split.images, source):,} images, as in '{json}'"
        if self.split.sha256:
            raise UserError(
                f"'{source}' is another list: its sha256 is {digest}, that of the "
                f"public list is {self.split.sha256}"
            )
        count = _count(file, self.split.images, source)
        return f"{count:,} images; not verified, as no checksum of it is known"

    def _json(self) -> Path | None:
        folders = [folder for folder in (self.root, self.lists) if folder]
        files = [folder / self.split.json for folder in folders if self.split.json]
        return next((file for file in files if file.is_file()), None)

    def _todo(self) -> str:
        if self.split.json:
            return (
                f"get {self.split.json} ({self.split.json}.tar.gz) from "
                f"{self.split.page}, put it into "
                f"'{self.root}' and run this again"
            )
        place = f"put it into '{self.root}' or name its folder with --lists"
        if self.split.url:
            return f"fetch {self.split.url} (see {self.split.page}) and {place}"
        return f"get {self.split.name} from {self.split.page} and {place}"


def _lines_of(json: Path) -> bytes:
    lines = [f"{path} {label}\n" for path, label in zip(*read_json(json), strict=True)]
    return "".join(lines).encode()


def _count(file: Path, expected: int, source: str) -> int:
    try:
        count = len(read_split_list(file)[0])
    except ValueError as error:  # it names the file, which may be a temporary one
        message = str(error).replace(str(file), source)
        raise UserError(f"no split list: {message}") from error
    if count != expected:
        raise UserError(f"'{source}' lists {count:,} images, not {expected:,}")
    return count
