"""A folder for each run: no run writes over another."""

from pathlib import Path
from typing import TextIO

from lpt_mm.engine.start import Start

try:
    import fcntl
except ImportError:  # Windows, where nothing keeps two runs apart
    fcntl = None

LOCK = ".running"
# Held by this process, by folder: a notebook may begin the next run after an error.
_locks: dict[Path, TextIO] = {}


def check_run_folder(folder: str, start: Start) -> None:
    """Refuse to begin a run where the checkpoints of another one are."""
    path = Path(folder)
    blocking = next((p for p in (path, *path.parents) if p.exists()), path)
    if blocking.exists() and not blocking.is_dir():
        raise NotADirectoryError(
            f"the work dir '{folder}' cannot be made: '{blocking}' is a file"
        )
    if start.resume and Path(start.checkpoint).parent.resolve() == path.resolve():
        return
    if others := sorted(path.glob("*.pth")):
        raise FileExistsError(
            f"'{folder}' has the checkpoints of another run ({others[-1].name}): go on "
            "with it with --resume, or begin in another folder with --work-dir"
        )


def lock_run_folder(folder: str) -> None:
    """Keep other processes from training in a folder until this one ends."""
    unlock_run_folder(folder)
    if fcntl is None:
        return
    lock = open(Path(folder) / LOCK, "w")  # noqa: SIM115 (kept open as long as the run)
    try:
        # Of this process alone: data loaders that outlive it do not have such a lock.
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise BlockingIOError(
            f"another run is at work in '{folder}': wait for it, or begin in another "
            "folder with --work-dir"
        ) from None
    _locks[Path(folder).resolve()] = lock


def unlock_run_folder(folder: str) -> None:
    """Let others train in a folder, if this process has kept them from it."""
    if lock := _locks.pop(Path(folder).resolve(), None):
        lock.close()
