"""The fold of a cross-validation: one number for all data sets of a config."""

from collections.abc import Iterator

from mmengine.config import Config

from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import list_some


def set_fold(cfg: Config, fold: int) -> None:
    """Have all data sets of a config read one fold, also those that hooks read.

    Args:
        cfg: The config, whose ``fold`` is set, and that of each data set that has one.
        fold: Number of the fold.

    Raises:
        UserError: If no data set has folds, or one was set apart from the others.
    """
    folds = _folds(cfg)
    if not folds:
        raise UserError(f"fold={fold!r}: no data set of this config has folds")
    if len(folds) > 1:
        raise UserError(
            f"data sets of the folds {list_some(folds)} would share images: set the "
            "config's own fold, which is that of all"
        )
    for dataset in _datasets(cfg):
        dataset["fold"] = fold
    cfg.fold = fold


def check_fold(cfg: Config) -> None:
    """Refuse a config whose data sets read another fold than it says.

    Args:
        cfg: The config.

    Raises:
        UserError: If they do.
    """
    fold, folds = cfg.get("fold"), _folds(cfg)
    if fold is not None and folds != {repr(fold)}:
        raise UserError(
            f"the config's fold is {fold!r}, and its data sets read "
            f"{list_some(folds) or 'none'}: call lpt_mm.engine.folds.set_fold(cfg, "
            f"{fold!r}), or use lpt_mm's tools"
        )


def _folds(cfg: Config) -> set[str]:
    return {repr(dataset["fold"]) for dataset in _datasets(cfg)}


def _datasets(cfg: Config) -> Iterator[dict]:
    """Find what has a fold inside the values of a config."""
    pending = list(cfg.values())
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += value.values()
            if value.get("fold") is not None:
                yield value
        elif isinstance(value, list | tuple):
            pending += value
