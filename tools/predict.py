"""Classify images: ``python tools/predict.py PACK IMAGES... --out predictions.csv``.

PACK is a file of publish_model.py, or CONFIG CHECKPOINT. IMAGES are files, folders,
patterns in quotes, lists (.txt, a path a line) and archives (.tar). The table is CSV,
JSON lines (.json) or Parquet, by its ending.

Several tasks on one backbone: ``predict.py --pack A --pack B IMAGES... --out FILE``, a
row for each image and task.
"""

from rich.console import Console

from lpt_mm.answers.answering import Question
from lpt_mm.answers.prior import parse_prior
from lpt_mm.engine.command_line import (
    add_group_option,
    add_tta_option,
    make_parser,
    run_tool,
)
from lpt_mm.inference.observing import observe_to_file
from lpt_mm.inference.opening import open_predictor
from lpt_mm.inference.predicting import predict_to_file
from lpt_mm.inference.sources import ImageSources
from lpt_mm.utils.text import for_rich


def main() -> None:
    """Predict."""
    parser = make_parser(__doc__)
    parser.add_argument("words", nargs="+", metavar="PACK IMAGES", help="see above")
    parser.add_argument(
        "--pack", action="append", metavar="PACK", help="of one task of several"
    )
    parser.add_argument("--out", required=True, help="new file for the predictions")
    parser.add_argument("--top", type=int, default=5, help="classes of each image")
    parser.add_argument("--batch-size", type=int, default=32, help="images at a time")
    parser.add_argument("--pictures", metavar="DIR", help="new folder: contact sheets")
    parser.add_argument(
        "--strict", action="store_true", help="stop where one is unreadable"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with a stopped run"
    )
    parser.add_argument("--backbone", metavar="FILE", help="of a pack that needs one")
    parser.add_argument("--device", help="such as cuda:1; by default a GPU, if any")
    parser.add_argument("--frozen-dtype", choices=["float32", "bfloat16"])
    add_group_option(parser, "images of one thing, which get one answer and a row")
    parser.add_argument(
        "--prior",
        metavar="T|CSV",
        help="how frequent classes are: 0 (equally) to 1 (as in training), or a table "
        "class,frequency",
    )
    parser.add_argument(
        "--coverage", type=float, help="give sets of classes, of answer_sets.py"
    )
    parser.add_argument(
        "--taxonomy",
        metavar="CSV",
        help="answer as deep as is certain, by a table class,parent,...",
    )
    parser.add_argument(
        "--certainty", type=float, default=0.9, help="least probability of that answer"
    )
    add_tta_option(parser)
    args = parser.parse_args()
    if args.group_by and (args.pack or args.resume or args.pictures):
        parser.error("--group-by knows no --pack, --resume and --pictures")
    model = (args.backbone, args.device, args.frozen_dtype, args.tta or None)
    prior = None if args.prior is None else parse_prior(args.prior)
    question = Question(prior, args.coverage, args.taxonomy, args.certainty)
    predictor, images, facts = open_predictor(args.words, args.pack, *model, question)
    options, sources = (args.batch_size, args.top, args.strict), ImageSources(images)
    if args.group_by:
        said = observe_to_file(predictor, sources, args.out, args.group_by, *options)
    else:
        options += (args.resume, args.pictures)
        said = predict_to_file(predictor, sources, args.out, facts, *options)
    if said is not None:  # in the first process
        Console().print(for_rich(said))


if __name__ == "__main__":
    run_tool(main)
