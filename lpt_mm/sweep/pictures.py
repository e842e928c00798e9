"""Pictures of a plan's results, from the logs and reports of its runs."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from mmengine.runner import Runner

from lpt_mm.engine.run_config import load_config
from lpt_mm.engine.start import check_start
from lpt_mm.engine.testing import set_test, use_whole_images
from lpt_mm.evaluation.accuracy_picture import draw_accuracy_over_frequency
from lpt_mm.evaluation.shot_confusion_picture import draw_shot_confusion
from lpt_mm.matching.matched_groups import examine_matching
from lpt_mm.matching.picture import draw_matching
from lpt_mm.sweep.curves import draw_curves
from lpt_mm.sweep.differences import check_predictions, find_differences
from lpt_mm.sweep.forest_picture import draw_forest
from lpt_mm.sweep.plan import Plan
from lpt_mm.sweep.results import mean_report
from lpt_mm.sweep.run import result_checkpoint
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import require_new

ACCURACY, CONFUSION = "accuracy_over_frequency.png", "shot_confusion.png"
CURVES, MATCHING, FOREST = "curves.png", "matching.png", "differences.png"
MOST_ROWS = 4


def draw_pictures(plan: Plan, root: Path, names: Sequence[str], out: Path) -> None:
    """Draw the pictures of up to four rows, by name, whose runs are done.

    Accuracies and confusion are of all runs, curves of rows that are trained, and the
    matching is that of the last row with group prompts, by its first run.
    """
    rows = {row.name: row for row in plan.rows}
    if unknown := set(names) - set(rows):
        raise UserError(f"no rows {sorted(unknown)}; there are {list(rows)}")
    if len(names) > MOST_ROWS:
        raise UserError(f"at most {MOST_ROWS} rows can be told apart, got {len(names)}")
    chosen = {name: rows[name] for name in names}
    reports = {name: mean_report(plan, root, row) for name, row in chosen.items()}
    require_new(*(out / name for name in (ACCURACY, CONFUSION, CURVES, MATCHING)))
    draw_accuracy_over_frequency(reports, out / ACCURACY)
    draw_shot_confusion(reports, out / CONFUSION)
    trained = {
        name: [row.folder(root, repeat) for repeat in plan.repeats]
        for name, row in chosen.items()
        if row.trains
    }
    if trained:
        draw_curves(trained, out / CURVES)
    with_groups = [row for row in chosen.values() if row.settings["model"].get("neck")]
    if with_groups:
        row, repeat = with_groups[-1], plan.repeats[0]
        cfg = load_config(str(row.config_copy(root, repeat)))
        checkpoint = result_checkpoint(row.source.folder(root, repeat))
        set_test(cfg, checkpoint, plan.split)
        use_whole_images(cfg)
        check_start(cfg, training=False)
        with TemporaryDirectory() as scratch:
            cfg.work_dir, cfg.log_level = scratch, "WARNING"
            draw_matching(examine_matching(Runner.from_cfg(cfg)), out / MATCHING)


def draw_differences(plan: Plan, root: Path, out: Path) -> None:
    """Draw the comparisons of a plan whose runs are done."""
    require_new(out / FOREST)
    check_predictions(plan, root)
    if not (found := find_differences(plan, root)):
        raise FileNotFoundError(
            "no comparison has all of its runs: first run tools/analysis_tools/sweep.py"
        )
    draw_forest(found, plan.units, out / FOREST)
