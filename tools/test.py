"""Test a model: ``python tools/test.py CONFIG CHECKPOINT --out metrics.json``."""

import argparse
from pathlib import Path

from mmengine.runner import Runner

from lpt_mm.engine.endings import one_line_errors
from lpt_mm.engine.launch import (
    add_common_arguments,
    check_start,
    load_config,
    set_test,
)
from lpt_mm.engine.processes import close_processes, is_first_process
from lpt_mm.evaluation.report import (
    find_long_tail_metric,
    make_report,
    write_class_csv,
)
from lpt_mm.evaluation.tables import print_tables
from lpt_mm.utils.json_file import write_json
from lpt_mm.utils.new_file import require_new


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="config file")
    parser.add_argument(
        "checkpoint",
        nargs="?",
        help="checkpoint file; not for configs without training, such as K-NN",
    )
    parser.add_argument(
        "--split",
        choices=("test", "val"),
        default="test",
        help="what to test on; val to choose settings",
    )
    parser.add_argument("--out", metavar="JSON", help="new file for the metrics")
    parser.add_argument("--csv", help="new file for the numbers of each class")
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Test."""
    args = parse_args()
    with one_line_errors((OSError, ValueError)):
        is_first = is_first_process()  # other machines may not have the checkpoint
        if is_first:
            require_new(args.out, args.csv)
        cfg = load_config(args)
        set_test(cfg, args.checkpoint, args.split)
        if is_first:
            check_start(cfg, training=False)
    with one_line_errors((OSError, ValueError)):
        runner = Runner.from_cfg(cfg)
        long_tail = find_long_tail_metric(runner.test_evaluator)
        metrics = runner.test()
    if runner.rank == 0:
        report = make_report(metrics, long_tail)
        print_tables({Path(args.config).stem: report}, report["shot_groups"])
        with one_line_errors():
            if args.out:
                write_json(args.out, report)
            if args.csv:
                write_class_csv(args.csv, report)


if __name__ == "__main__":
    main()
    close_processes()
