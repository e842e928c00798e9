"""From a config to its data sets."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch.utils.data import Dataset

from lpt_mm.data_check.findings import ERROR, WARNING, Finding
from lpt_mm.datasets.training_images import with_pipeline
from lpt_mm.datasets.wrapped_dataset import WrappedDataset
from lpt_mm.utils.text import printable

SPLITS = ("train", "val", "test")
# By which data sets tell that files or lists are not as expected, and wrappers that
# they cannot wrap what they were given.
ERRORS = (OSError, ValueError, RuntimeError, LookupError, AssertionError)
ERRORS += (AttributeError, TypeError)


def build_splits(cfg: Config) -> tuple[dict[str, Dataset], list[Finding]]:
    """Build the data sets of a config, and say what kept others from being built.

    A validation set that is the test set is left out.
    """
    init_default_scope(cfg.get("default_scope", "mmengine"))
    loaders = {name: cfg.get(f"{name}_dataloader") for name in SPLITS}
    configs = {name: dict(x["dataset"]) for name, x in loaders.items() if x is not None}
    datasets, findings = {}, []
    if "train" not in configs:
        findings.append(Finding(ERROR, "no_training_set", "there is no train split"))
    if "val" in configs and _same_data(configs["val"], configs.get("test", {})):
        del configs["val"]
        message = "val and test are the same data: no checkpoint should be chosen by it"
        findings.append(Finding(WARNING, "val_is_test", message))
    for name, config in configs.items():
        dataset, problems = _build(name, config)
        findings += problems
        if dataset is not None:
            datasets[name] = dataset
    return datasets, findings


def _build(name: str, config: Mapping) -> tuple[Dataset | None, list[Finding]]:
    try:
        return WrappedDataset(config).dataset, _missing_roots(name, config)
    except ERRORS as error:
        findings = _missing_roots(name, config)
        if not (findings and isinstance(error, FileNotFoundError)):
            message = printable(" ".join(str(error).split())) or type(error).__name__
            findings.append(Finding(ERROR, "not_built", f"{name}: {message}"))
        return None, findings


def head_classes(cfg: Config) -> int | None:
    """Read ``model.head.num_classes``; None if there is no such thing."""
    head = (cfg.get("model") or {}).get("head")
    return head.get("num_classes") if isinstance(head, Mapping) else None


def _same_data(one: Mapping, other: Mapping) -> bool:
    """Tell whether two configs differ in nothing but the transforms."""
    return with_pipeline(one, []) == with_pipeline(other, [])


def _missing_roots(name: str, config: Mapping) -> list[Finding]:
    """Name the data roots that are not there; some data sets make theirs."""
    missing = {root for root in _roots(config) if not Path(root).is_dir()}
    text = f"{name}: there is no data_root"
    roots = map(printable, sorted(missing))
    return [Finding(ERROR, "no_data_root", f"{text} '{root}'") for root in roots]


def _roots(config: Mapping) -> Iterator[str]:
    """Go through the data roots of a data set and of those that it wraps."""
    if config.get("data_root"):
        yield str(config["data_root"])
    inner = config.get("dataset") or config.get("datasets") or []
    for wrapped in [inner] if isinstance(inner, Mapping) else inner:
        if isinstance(wrapped, Mapping):
            yield from _roots(wrapped)
