"""Let the disk run full while checkpoints are saved, make room, and resume.

    python tests/reliability/fill_disk.py

Needs Linux and the right to mount a disk of memory in a namespace of one's own. The
final checkpoint must equal that of a run with room enough, bit for bit.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from kill_and_resume import TRAINED, same
from rich.console import Console

from lpt_mm.engine.start import latest_checkpoint, newest_good_checkpoint
from lpt_mm.weights.reading import read_file

ROOT = Path(__file__).resolve().parents[2]
INSIDE = "--inside"
SIZES = (150, 200, 250, 300)  # KiB; a checkpoint has about 30, and all are kept


def train(folder: Path) -> subprocess.CompletedProcess:
    """Train phase 1 of digits-LT for ten epochs, or go on with it."""
    hook = "default_hooks.checkpoint"
    command = [
        *(sys.executable, ROOT / "tools" / "train.py"),
        ROOT / "configs" / "lpt" / "phase1_digits_lt.py",
        *("--resume", "--work-dir", folder, "--cfg-options"),
        *("train_cfg.max_epochs=10", "train_cfg.val_interval=10"),
        *(f"{hook}.interval=1", f"{hook}.max_keep_ckpts=-1"),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def load_final(folder: Path) -> dict:
    """Read what a run recorded last."""
    return torch.load(latest_checkpoint(str(folder)), weights_only=True)


def mount(size: int, folder: Path, remount: bool = False) -> None:
    """Give a disk a size in KiB."""
    options = f"size={size}k{',remount' if remount else ''}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "lpt", folder], check=True)


def main() -> int:
    """Fill disks of several sizes."""
    if INSIDE not in sys.argv:
        command = ["unshare", "--mount", "--map-root-user", sys.executable, __file__]
        return subprocess.run([*command, INSIDE], check=False).returncode
    console, faults = Console(), 0
    with tempfile.TemporaryDirectory() as root:
        reference = Path(root) / "reference"
        assert train(reference).returncode == 0
        expected = load_final(reference)
        for size in SIZES:
            disk = Path(root) / str(size)
            disk.mkdir()
            mount(size, disk)
            failed = train(disk / "run")
            newest = newest_good_checkpoint(str(disk / "run"))
            read_file(latest_checkpoint(str(disk / "run")))  # raises if not whole
            mount(64 * 1024, disk, remount=True)
            resumed = train(disk / "run")
            fits = resumed.returncode == 0 and all(
                same(load_final(disk / "run")[key], expected[key]) for key in TRAINED
            )
            said = "could not be saved" in failed.stderr.splitlines()[-1]
            faults += not fits or not said or failed.returncode == 0
            console.print(
                f"{size} KiB: full after {os.path.basename(newest)}, "
                f"exit status {failed.returncode}, resumed run "
                f"{'equals' if fits else 'is UNLIKE'} the one with room"
            )
            subprocess.run(["umount", disk], check=True)
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
