"""Groups of images by the time at which they were taken."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image

from lpt_mm.datasets.transforms.image_file import FORMATS, read_content
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import list_some

FORMAT = "%Y:%m:%d %H:%M:%S"  # of EXIF, which knows no time zone there


def split_by_time(root: Path, groups: Mapping[str, str], gap: float) -> dict[str, str]:
    """Split groups where a camera was silent for longer than a gap.

    Args:
        root: Folder of the images.
        groups: Groups of the images by their paths in the folder.
        gap: Seconds; two images of a group taken within it, one after the other, belong
            together.

    Returns:
        The smaller groups by path, named by the time of their first image.

    Raises:
        UserError: If the gap is negative, or an image does not say when it was taken.
    """
    if not gap >= 0:  # nor NaN
        raise UserError(f"--group-gap must be 0 seconds or more, got {gap:g}")
    times = {path: time_taken(root / path) for path in groups}
    if unknown := [path for path, time in times.items() if time is None]:
        raise UserError(
            f"{len(unknown):,} of {len(times):,} images do not say when they were "
            f"taken (EXIF DateTimeOriginal): {list_some(unknown, limit=5)}; group them "
            "by folders, a pattern or a table"
        )
    together = defaultdict(list)
    for path, group in groups.items():
        together[group].append((times[path], path))
    found = {}
    for group, images in together.items():
        last = None
        for time, path in sorted(images):
            if last is None or (time - last).total_seconds() > gap:
                name = f"{group} {time}"
            found[path], last = name, time
    return found


def time_taken(path: Path) -> datetime | None:
    """Read when an image was taken; None where it does not say so."""
    try:
        with Image.open(BytesIO(read_content(str(path))), formats=FORMATS) as image:
            tags = image.getexif().get_ifd(ExifTags.IFD.Exif)
        text = tags.get(ExifTags.Base.DateTimeOriginal, "")
        return datetime.strptime(text.strip("\0 "), FORMAT)
    except Exception:  # whatever Pillow raises for a broken file or broken tags
        return None
