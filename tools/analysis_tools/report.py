"""Write a page about a trained model, to read and to pass on.

``python tools/analysis_tools/report.py CONFIG CHECKPOINT --out report.html`` tests the
model, and writes one HTML file with all that is to be said and seen of it.
"""

from pathlib import Path

from lpt_mm.engine.command_line import add_config_options, make_parser, run_tool
from lpt_mm.engine.run_config import load_config
from lpt_mm.evaluation.tables import print_tables
from lpt_mm.report_page import write_report_page


def main() -> None:
    """Test, and write the page."""
    parser = make_parser(__doc__)
    parser.add_argument("config", help="config file")
    parser.add_argument(
        "checkpoint",
        nargs="?",
        help="checkpoint file; not for configs without training, such as K-NN",
    )
    parser.add_argument(
        "--out", metavar="HTML", required=True, help="new file for the page"
    )
    parser.add_argument(
        "--split", choices=("test", "val"), default="test", help="what to test on"
    )
    add_config_options(parser)
    args = parser.parse_args()
    cfg = load_config(args.config, args.cfg_options)
    report = write_report_page(cfg, args.checkpoint, args.out, args.split)
    print_tables({Path(args.config).stem: report}, report["shot_groups"])


if __name__ == "__main__":
    run_tool(main)
