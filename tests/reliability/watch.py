"""Sees what a process does to the world: files, processes, network, code."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType

# In every hostile text, so that code and names that come out of a file are told apart.
MARK = "MARKOFTHEFILE"
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {  # positions of the paths and of the folders they are relative to
    "os.remove": [(0, 1)],
    "os.rmdir": [(0, 1)],
    "os.mkdir": [(0, 2)],
    "os.rename": [(0, 2), (1, 3)],
    "os.link": [(0, 2), (1, 3)],
    "os.symlink": [(1, 2)],
    "os.chmod": [(0, 2)],
    "os.chown": [(0, 3)],
    "os.truncate": [(0, None)],
    "os.utime": [(0, 3)],
    "os.setxattr": [(0, None)],
    "os.removexattr": [(0, None)],
    "shutil.rmtree": [(0, None)],
    "shutil.move": [(0, None), (1, None)],
    "shutil.chown": [(0, None)],
    "shutil.make_archive": [(0, None)],
}
PROCESSES = ("subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "pty.")
NETWORK = ("socket.connect", "socket.get", "socket.send", "socket.bind", "urllib.")
NETWORK += ("http.", "ftplib.", "smtplib.", "telnetlib.", "webbrowser.")
CODE = ("compile", "exec", "import", "pickle.find_class", "ctypes.dlopen")


class ForbiddenError(Exception):
    """What is forbidden is not done, either."""


def watch(folder: Path, report: Callable[[str], None]) -> None:
    """Report what this process does outside a folder from now on, and keep it from it.

    Args:
        folder: What the process may write to.
        report: Gets a line for each thing that it must not do: writing elsewhere,
            opening a file of a name with ``MARK``, a process, the network, and running
            or parsing code with ``MARK``.
    """
    folder = folder.resolve()

    def hook(event: str, args: tuple) -> None:
        if fault := find_fault(folder, event, args):
            report(fault)
            raise ForbiddenError(fault)

    sys.addaudithook(hook)


def find_fault(folder: Path, event: str, args: tuple) -> str | None:
    """Say what an audit event does that it must not."""
    if event == "open":
        path, _, flags = args
        if isinstance(path, int):
            return None
        if flags & WRITING and not _is_within(folder, path):
            return f"wrote to {path!r}"
        if MARK in os.fsdecode(path):
            return f"opened {path!r}"
    elif event in CHANGES:
        for path, base in CHANGES[event]:
            base = args[base] if base is not None and base < len(args) else -1
            if not _is_within(folder, args[path], base):
                return f"{event} of {args[path]!r}"
    elif event.startswith((*PROCESSES, *NETWORK)) and event != "socket.gethostname":
        return f"{event}: {args!r}"[:200]
    elif event in CODE and any(map(_is_marked, args)):
        return f"{event} of a text in the file"
    return None


def _is_within(folder: Path, path: object, base: int | None = -1) -> bool:
    if isinstance(path, int):
        path = os.readlink(f"/proc/self/fd/{path}")
    path = os.fsdecode(path)
    if base not in (None, -1):
        path = os.path.join(os.readlink(f"/proc/self/fd/{base}"), path)
    # The last part is what is changed, even if it is a link.
    parent = os.path.realpath(os.path.dirname(os.path.abspath(path)))
    whole = Path(parent, os.path.basename(os.path.abspath(path)))
    return str(whole) == os.devnull or whole.is_relative_to(folder)


def _is_marked(value: object) -> bool:
    """Whether a text of the file is in a source, a name or compiled code."""
    if isinstance(value, CodeType):
        parts = (value.co_consts, value.co_names, value.co_filename)
        return any(map(_is_marked, parts))
    if isinstance(value, tuple | list | frozenset):
        return any(map(_is_marked, value))
    if isinstance(value, bytes):
        return MARK.encode() in value
    return isinstance(value, str) and MARK in value
