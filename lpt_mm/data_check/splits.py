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
    val, test = (with_pipeline(configs.get(name, {}), []) for name in ("val", "test"))
    if "val" in configs and val == test:
        del configs["val"]
        message = "val and test are the same data: no checkpoint should be chosen by it"
        findings.append(Finding(WARNING, "val_is_test", message))
    for name, config in configs.items():
        fault = None
        try:
            datasets[name] = WrappedDataset(config).dataset
        except ERRORS as error:
            fault = error
        # Some data sets have just made theirs.
        missing = {root for root in _roots(config) if not Path(root).is_dir()}
        for root in map(printable, sorted(missing)):
            message = f"{name}: there is no data_root '{root}'"
            findings.append(Finding(ERROR, "no_data_root", message))
        if fault and not (missing and isinstance(fault, FileNotFoundError)):
            reason = printable(" ".join(str(fault).split())) or type(fault).__name__
            findings.append(Finding(ERROR, "not_built", f"{name}: {reason}"))
    return datasets, findings


def _roots(config: Mapping) -> Iterator[str]:
    """Go through the data roots of a data set and of those that it wraps."""
    if config.get("data_root"):
        yield str(config["data_root"])
    inner = config.get("dataset") or config.get("datasets") or []
    for wrapped in [inner] if isinstance(inner, Mapping) else inner:
        if isinstance(wrapped, Mapping):
            yield from _roots(wrapped)
