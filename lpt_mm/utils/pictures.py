"""Pictures: their colours, what has room in them, and their files."""

from pathlib import Path

from matplotlib.figure import Figure

from lpt_mm.utils.new_file import new_file

# Of Okabe and Ito, told apart by colour-blind readers.
BLUE, ORANGE, GREEN, VERMILION, PURPLE = PALETTE = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
)
BLACK, GREY, SKY_BLUE = "#000000", "#999999", "#56B4E9"
MOST_NAMED = 40  # classes whose names fit along an axis
LONGEST_NAME = 18  # characters that fit there
DPI = 120


def save_picture(
    figure: Figure, path: str | Path, dpi: int = DPI, overwrite: bool = False
) -> None:
    """Write a PNG file, which must be new unless it may take the place of another."""
    with new_file(path, overwrite) as file:
        figure.savefig(file, dpi=dpi, format="png")
