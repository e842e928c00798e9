"""The config of a run, from its file and what the command line changes in it."""

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from mmengine.config import Config

from lpt_mm.engine.folds import set_fold
from lpt_mm.engine.hooks.config_check_hook import check_keys
from lpt_mm.engine.hooks.settings_check_hook import preprocessor_of
from lpt_mm.engine.processes import meet_anew, use_cpu_processes
from lpt_mm.utils.errors import UserError


def load_config(
    path: str,
    options: Mapping[str, object] | None = None,
    work_dir: str | None = None,
    launcher: str = "none",
    local_rank: int = 0,
) -> Config:
    """Read a config for a run, a test or a look at a model.

    Args:
        path: The config file.
        options: Values to change, by key: ``{"model.backbone.prompt_length": 5}``.
        work_dir: Folder of the run, by default the config's or ``work_dirs/<name>``.
        launcher: How processes start; see ``command_line.LAUNCHERS``.
        local_rank: Number of this process on its machine.

    Returns:
        The config, with a work dir, its data preprocessor where the model is, and its
        ``fold`` in all data sets.

    Raises:
        FileNotFoundError: If there is no such config.
        UserError: If a setting is misspelt, the seed out of range, or no data set has
            the ``fold``.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no config {path!r}")
    cfg = Config.fromfile(path)
    cfg.launcher = launcher
    cfg.work_dir = work_dir or cfg.get("work_dir") or default_work_dir(path)
    if options:
        cfg.merge_from_dict(dict(options))
    check_keys(cfg)
    if cfg.get("fold") is not None:
        set_fold(cfg, cfg.fold)
    if cfg.get("model") and (preprocessor := preprocessor_of(cfg)) is not None:
        cfg.model.data_preprocessor = preprocessor
    seed = cfg.get("randomness", {}).get("seed")
    if seed is not None and not (isinstance(seed, int) and 0 <= seed < 2**32):
        raise UserError(f"randomness.seed must be in 0 ... 2**32 - 1, got {seed!r}")
    os.environ.setdefault("LOCAL_RANK", str(local_rank))
    meet_anew()
    if launcher != "none" and not torch.cuda.is_available():
        use_cpu_processes(cfg)
    return cfg


def default_work_dir(config: str) -> str:
    """Name the folder of a config's runs, relative to the current one."""
    return str(Path("work_dirs") / Path(config).stem)
