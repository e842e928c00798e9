"""Files that are written whole or not at all."""

from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from lpt_mm.utils.new_file import replace_file


class SaveError(OSError):
    """Something could not be saved; the message is for users, in one line."""


@register_backend("AtomicBackend")
class AtomicBackend(LocalBackend):
    """mmengine's files on the local disk, which appear only when they are complete."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file, under another name until it is on the disk.

        Args:
            obj: All that it is to hold.
            filepath: Its name; an older file of that name is replaced.

        Raises:
            SaveError: If it cannot be written; an older file is left as it was.
        """
        try:
            replace_file(filepath, obj)
        except OSError as error:
            raise SaveError(
                f"'{filepath}' could not be saved ({error.strerror}); what was saved "
                "before is whole: make room, and go on with --resume"
            ) from error
