"""A row of a table: a config with options, and where its runs lie."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

from lpt_mm.engine.hooks.config_check_hook import HELPERS
from lpt_mm.engine.hooks.settings_check_hook import PIPELINE


class Repeat(NamedTuple):
    """What the runs of a row differ in."""

    seed: int
    fold: int | None = None  # None in a plan without folds

    def __str__(self) -> str:
        """Name it for a reader."""
        fold = "" if self.fold is None else f"fold {self.fold}, "
        return f"{fold}seed {self.seed}"

    @property
    def folder(self) -> str:
        """Name the folder of its run."""
        return str(self).replace(", ", "_").replace(" ", "_")


@dataclass(frozen=True, eq=False)
class Row:
    """A row of the table: one config, run with several seeds, on several folds."""

    name: str
    config: str  # path
    options: Mapping[str, object] = field(default_factory=dict)  # values by key
    phase1: "Row | None" = None  # whose checkpoint its training starts from
    tests: "Row | None" = None  # whose checkpoint it tests; it trains nothing itself
    search: Mapping[str, Sequence] = field(default_factory=dict)  # to choose, by key

    @property
    def needs(self) -> "Row | None":
        """The row whose runs come before its own."""
        return self.phase1 or self.tests

    @property
    def source(self) -> "Row":
        """The row whose runs have the checkpoints that are tested."""
        return self.tests or self

    @property
    def trains(self) -> bool:
        """Whether its runs have a training."""
        return self.tests is None and self.settings.get("train_cfg") is not None

    @cached_property
    def settings(self) -> dict[str, object]:
        """All settings of a run but its seed and its fold."""
        if self.tests is None:
            cfg = Config.fromfile(self.config)
        else:
            cfg = Config(self.tests.settings)
            _allow_other_images(cfg)
        cfg.merge_from_dict(dict(self.options))
        return {k: v for k, v in cfg.to_dict().items() if k not in HELPERS}

    def settings_of(self, repeat: Repeat) -> dict[str, object]:
        """All settings of a run."""
        randomness = {**self.settings.get("randomness", {}), "seed": repeat.seed}
        own = dict(self.settings, randomness=randomness)
        return own if repeat.fold is None else own | dict(fold=repeat.fold)

    def folder(self, root: Path, repeat: Repeat) -> Path:
        """Name the folder of a run: one for these settings, whatever the row's name."""
        return root / f"{Path(self.config).stem}-{self._fingerprint}" / repeat.folder

    def config_copy(self, root: Path, repeat: Repeat) -> Path:
        """Name the config that a run is done with, which holds all its settings."""
        return self.folder(root, repeat) / f"{Path(self.config).stem}.py"

    @cached_property
    def _fingerprint(self) -> str:
        content = [self.settings, self.phase1._fingerprint if self.phase1 else None]
        if self.tests is not None:
            content.append(self.tests._fingerprint)
        text = json.dumps(content, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:10]


def _allow_other_images(cfg: Config) -> None:
    """Let images be prepared in another way than in training, as a row means to."""
    check = cfg.get("default_hooks", {}).get("settings_check")
    if check is not None:
        allowed = check.get("allow", ())
        allowed = [allowed] if isinstance(allowed, str) else list(allowed)
        check["allow"] = [*allowed, PIPELINE]
