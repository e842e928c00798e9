"""The checks of the data that take no time, before a model is built."""

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS

from lpt_mm.datasets.labels import gt_labels
from lpt_mm.engine.hooks.class_count_hook import count_classes
from lpt_mm.engine.hooks.data_check_hook import (
    check_classes,
    check_files,
    check_names,
)
from lpt_mm.engine.loops.resumable_train_loop import require_step


def quick_check(cfg: Config) -> None:
    """Refuse data that training could not work with: counts, labels, files, batches.

    ``tools/analysis_tools/check_dataset.py`` also reads the files. Only LPT is checked:
    other models may have other labels.

    Args:
        cfg: The config.

    Raises:
        OSError: If a list or folder is not there.
        ValueError: If labels, classes or files are not as they should be.
    """
    if cfg.model.type != "LPTClassifier":
        return
    init_default_scope(cfg.get("default_scope", "mmengine"))
    num_classes = cfg.model.head.num_classes
    train = DATASETS.build(cfg.train_dataloader.dataset)
    names = train.metainfo.get("classes")
    counts = count_classes(gt_labels(train), num_classes, names)
    check_names(names)
    check_files(train)
    loader = dict(cfg.train_dataloader, dataset=train)
    require_step(Runner.build_dataloader(loader, seed=0))
    print_log(
        f"training set: {sum(counts):,} images of {num_classes:,} classes, "
        f"{max(counts):,} to {min(counts):,} per class"
    )
    if cfg.get("val_dataloader") is not None:
        val = DATASETS.build(cfg.val_dataloader.dataset)
        check_classes(val, num_classes, names)
        check_files(val)
