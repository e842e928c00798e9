"""Fit temperatures to a validation set: ``calibrate.py PACK SET --out PACK``.

SET is a folder of embed.py. The new pack predicts probabilities that are as high as it
is often right.
"""

from rich.console import Console

from lpt_mm.collection.calibrating import calibrate
from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.utils.tables import number_table


def main() -> None:
    """Calibrate."""
    parser = make_parser(__doc__)
    parser.add_argument("pack", help="the model")
    parser.add_argument("validation", metavar="SET", help="validation set, of embed.py")
    parser.add_argument("--out", required=True, metavar="PACK", help="new pack")
    parser.add_argument(
        "--by-group", action="store_true", help="a temperature for each shot group"
    )
    fit = calibrate(**vars(parser.parse_args()))
    rows = [(f"temperature, {k}", "1", f"{v:.3f}") for k, v in fit.temperature.items()]
    rows.append(("mean log likelihood", *(f"{-x:.4f}" for x in fit.likelihood)))
    rows.append(("calibration error", *(f"{x:.2f} %" for x in fit.calibration_error)))
    Console().print(number_table("Validation set", ["", "before", "after"], rows))


if __name__ == "__main__":
    run_tool(main)
