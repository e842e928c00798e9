"""Test a model, as ``tools/test.py`` does."""

from logging import WARNING

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import init_default_scope

from lpt_mm.datasets.image_groups import group_dataset
from lpt_mm.datasets.wrapped_dataset import WrappedDataset
from lpt_mm.engine.loops import EnsembleTestLoop
from lpt_mm.engine.processes import is_first_process
from lpt_mm.engine.start import check_start, require_checkpoint
from lpt_mm.engine.terminal_runner import build_runner
from lpt_mm.evaluation.metrics.observation_metric import (
    ObservationMetric,
    require_one_label,
)
from lpt_mm.evaluation.predictions import Predictions, write_predictions
from lpt_mm.evaluation.report import (
    find_long_tail_metric,
    make_report,
    write_class_csv,
)
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.json_file import write_json
from lpt_mm.utils.new_file import require_new


def run_test(
    cfg: Config,
    checkpoint: str | None = None,
    split: str = "test",
    out: str | None = None,
    csv: str | None = None,
    *,
    predictions: str | None = None,
    group_by: str | None = None,
) -> dict | None:
    """Test a model, and write the report.

    Args:
        cfg: The config, from ``load_config``; it is completed.
        checkpoint: Checkpoint to test; None for a model without training.
        split: ``'test'``, or ``'val'`` to test on the validation set.
        out: JSON file to write the report to.
        csv: CSV file to write the numbers of each class to.
        predictions: File to write to what each image was taken for, before the report.
        group_by: What tells which images are of one observation, as of
            ``group_images``, to test by observation as well.

    Returns:
        The report, see ``make_report``, and with test-time ensembling as ``tta`` what
        was averaged; None in all processes but the first.

    Raises:
        OSError: If the checkpoint does not exist, or a file to write does.
        UserError: If the model does not fit, the config has no ``LongTailMetric``, or
            images of one observation have several labels.
    """
    is_first = is_first_process()  # other machines may not have the checkpoint
    if is_first:
        require_new(out, csv, predictions)
    set_test(cfg, checkpoint, split)
    if is_first:
        check_start(cfg, training=False)
    observation_of = find_observations(cfg, group_by) if group_by else {}
    runner = build_runner(cfg)
    long_tail = find_long_tail_metric(runner.test_evaluator)
    if group_by:
        by_observation = ObservationMetric.like(long_tail, observation_of)
        runner.test_evaluator.metrics.append(by_observation)
    metrics = runner.test()
    if runner.rank != 0:
        return None
    report = make_report(metrics, long_tail)
    if group_by:
        report["observations"] = by_observation.facts()
    if isinstance(runner.test_loop, EnsembleTestLoop):
        report["tta"] = runner.test_loop.ensemble.facts()
    if predictions:
        write_predictions(predictions, Predictions(*long_tail.predictions))
    if out:
        write_json(out, report)
    if csv:
        write_class_csv(csv, report)
    return report


def find_observations(cfg: Config, group_by: str) -> dict[str, str]:
    """Find the observation of each test image, by its path, before the work.

    Args:
        cfg: The config, with the data set to test on as ``test_dataloader``.
        group_by: As in :func:`run_test`.

    Returns:
        The observations, of which all images have the same label.
    """
    init_default_scope(cfg.get("default_scope", "mmengine"))
    dataset = WrappedDataset(dict(cfg.test_dataloader.dataset))
    observations = group_dataset(dataset, group_by)
    require_one_label(observations, dataset.get_gt_labels().tolist())
    infos = map(dataset.get_data_info, range(len(dataset)))
    paths = [info["img_path"] for info in infos]
    return dict(zip(paths, observations, strict=True))


def set_test(cfg: Config, checkpoint: str | None, split: str) -> None:
    """Decide which weights are tested, and on what; see :func:`run_test`."""
    if checkpoint is not None:
        if is_first_process():  # other machines may not have it
            require_checkpoint(checkpoint)
    elif cfg.get("train_cfg") is not None:
        raise FileNotFoundError(
            "name the checkpoint to test: only a config without training "
            "(train_cfg=None) has none"
        )
    elif cfg.get("launcher", "none") != "none":
        raise UserError(
            "without training there is nothing to share among processes: run "
            "tools/test.py without a launcher"
        )
    cfg.load_from, cfg.resume = checkpoint, False
    if split == "val":
        if cfg.get("val_dataloader") is None:
            raise UserError("--split val: the config has no val_dataloader")
        cfg.test_dataloader = cfg.val_dataloader
        cfg.test_evaluator = cfg.val_evaluator


def averages_crops(cfg: Config) -> bool:
    """Tell whether a config is tested with test-time ensembling."""
    return _loop_of(cfg) == EnsembleTestLoop.__name__


def _loop_of(cfg: Config) -> str:
    kind = (cfg.get("test_cfg") or {}).get("type", "TestLoop")
    return str(getattr(kind, "__name__", kind)).rpartition(".")[2]


def use_crops(cfg: Config) -> None:
    """Have a config tested with test-time ensembling, its own if it says of which kind.

    Args:
        cfg: The config, whose ``test_cfg`` is completed.

    Raises:
        UserError: If the config is tested in another way.
    """
    if _loop_of(cfg) not in ("TestLoop", EnsembleTestLoop.__name__):
        raise UserError(
            f"--tta: the config is tested by {_loop_of(cfg)}, which knows no crops: "
            "set test_cfg=dict(type='EnsembleTestLoop')"
        )
    cfg.test_cfg = dict(cfg.get("test_cfg") or {}, type=EnsembleTestLoop.__name__)


def use_whole_images(cfg: Config) -> None:
    """Have a config tested on whole images, for what looks closer at them.

    Args:
        cfg: The config, which is changed if it averages over crops.
    """
    if averages_crops(cfg):
        cfg.test_cfg = dict()
        print_log(
            "images are looked at as a whole, and not averaged over crops as test_cfg "
            "says: the numbers of tools/test.py are others",
            level=WARNING,
        )
