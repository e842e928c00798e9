"""What the matching of a model is like: tables, JSON and a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from lpt_mm.answers.taxonomy import Taxonomy
from lpt_mm.evaluation.metrics import SHOT_GROUPS, ShotGroups
from lpt_mm.matching.statistics import (
    class_information,
    count_combinations,
    count_matches,
    effective_combinations,
    name_information,
    shares,
    shots_by_group,
)
from lpt_mm.models.necks import pool_usage
from lpt_mm.models.necks.choice import Choice
from lpt_mm.utils.json_file import write_json
from lpt_mm.utils.tables import number_table
from lpt_mm.utils.text import for_rich

MOST_FAVOURED = 3  # classes named in the row of a group


@dataclass
class MatchingReport:
    """Which groups are used by which class."""

    matches: np.ndarray  # (C, M) of images of each class with each group
    combinations: np.ndarray  # images of each set of k groups that there is
    co_choice: np.ndarray  # (M, M) of groups with groups, as in pool_usage.py
    keys: np.ndarray  # (M, D) of the groups
    class_names: Sequence[str]
    cls_num_list: Sequence[int]
    shot_groups: ShotGroups
    taxonomy: Taxonomy | None = None  # names above the classes

    @classmethod
    def of(
        cls,
        choices: Sequence[Choice],
        label: np.ndarray,
        keys: Tensor,
        class_names: Sequence[str],
        cls_num_list: Sequence[int],
        shot_groups: ShotGroups,
        taxonomy: Taxonomy | None = None,
    ) -> Self:
        """Count the choices for batches of images with labels (number of images,).

        The keys (M, D) are those of the groups.
        """
        groups = torch.cat([choice.groups for choice in choices]).cpu().numpy()
        share = torch.cat([choice.share for choice in choices]).double().cpu().numpy()
        return cls(
            count_matches(groups, label, len(cls_num_list), len(keys)),
            count_combinations(groups),
            share.T @ share,
            keys.detach().cpu().numpy(),
            class_names,
            cls_num_list,
            shot_groups,
            taxonomy,
        )

    def summary(self) -> dict[str, float | int | list[int]]:
        """Compute the numbers on the pool as a whole, by name."""
        usage = self.matches.sum(axis=0)
        mean, largest = pool_usage.key_similarity(self.keys)
        return dict(
            pool_size=len(usage),
            usage_entropy=pool_usage.usage_entropy(usage),
            effective_groups=pool_usage.effective_groups(usage),
            dead_groups=pool_usage.dead_groups(usage),
            combinations=len(self.combinations),
            effective_combinations=effective_combinations(self.combinations),
            co_choice_rank=pool_usage.co_choice_rank(self.co_choice),
            class_information=class_information(self.matches),
            name_information=self._name_information(),
            key_similarity_mean=mean,
            key_similarity_max=largest,
        )

    def groups(self) -> list[dict]:
        """Describe each group, the most used first, with the shots of its matches."""
        usage = self.matches.sum(axis=0)
        of_shots = shots_by_group(self.matches, self.shot_of_class)
        of_groups = []
        for i in np.argsort(-usage, kind="stable").tolist():
            order = np.argsort(-self.matches[:, i], kind="stable")[:MOST_FAVOURED]
            shots = dict(zip(SHOT_GROUPS, of_shots[i].tolist(), strict=True))
            group = dict(index=i, usage=float(usage[i] / usage.sum()))
            group["shots"] = shots if usage[i] else None
            favoured = [self.class_names[c] for c in order if self.matches[c, i]]
            of_groups.append(dict(group, classes=favoured))
        return of_groups

    def classes(self) -> list[dict]:
        """Describe each class, with its usage of each group, None without an image."""
        shots, usage = self.shot_of_class.tolist(), shares(self.matches).tolist()
        rows = zip(self.class_names, self.cls_num_list, shots, usage, strict=True)
        of_classes = []
        for name, count, shot, of_groups in rows:
            described = dict(name=name, train_images=int(count), shot_group=shot)
            described["usage"] = None if np.isnan(of_groups).any() else of_groups
            of_classes.append(described)
        return of_classes

    def write(self, path: str) -> None:
        """Write all numbers to a new JSON file."""
        # JSON has no NaN.
        summary = {k: None if v != v else v for k, v in self.summary().items()}
        levels = summary["name_information"].items()
        summary["name_information"] = {k: None if v != v else v for k, v in levels}
        parts = dict(groups=self.groups(), classes=self.classes())
        write_json(path, dict(summary, shot_groups=str(self.shot_groups), **parts))

    def print(self, title: str) -> None:
        """Print the numbers on the pool, below a title, and on each group."""
        numbers = self.summary()
        size, dead = numbers["pool_size"], numbers["dead_groups"]
        mean, largest = numbers["key_similarity_mean"], numbers["key_similarity_max"]
        rows = {
            "effective groups": f"{numbers['effective_groups']:.1f} of {size}",
            "effective combinations": f"{numbers['effective_combinations']:.1f}",
            "co-choice rank": f"{numbers['co_choice_rank']:.1f} of {size}",
            "usage entropy / log M": f"{numbers['usage_entropy']:.3f}",
            "dead groups": f"{len(dead)} of {size}",
            "class information (0 ... 1)": f"{numbers['class_information']:.3f}",
        }
        for level, information in numbers["name_information"].items():
            rows[f"{for_rich(level)} information"] = f"{information:.3f}"
        rows["cosine of two keys, mean / max"] = f"{mean:.3f} / {largest:.3f}"
        title, of_pool = for_rich(title), rows.items()
        table = number_table(title, ("", ""), of_pool, show_header=False)
        console = Console()
        console.print(table)
        console.print(self._group_table())

    @property
    def shot_of_class(self) -> np.ndarray:
        """Name of the shot group of each class, (C,)."""
        return self.shot_groups.assign(self.cls_num_list)

    def _name_information(self) -> dict[str, float]:
        """Compute how much a match tells of the names at each level above the class."""
        if self.taxonomy is None:
            return {}
        levels, node_of = self.taxonomy.levels[1:], self.taxonomy.node_of[1:]
        above = zip(levels, node_of, strict=True)
        return {level: name_information(self.matches, node) for level, node in above}

    def _group_table(self) -> Table:
        title = f"Groups, and the shots of their matches in %\n{self.shot_groups}"
        table = Table(title=title)
        for name in ("group", "usage %", *SHOT_GROUPS):
            table.add_column(name, justify="right")
        table.add_column("most from")
        for group in self.groups():
            shots = group["shots"]
            table.add_row(
                str(group["index"]),
                f"{100 * group['usage']:.1f}",
                *(f"{100 * shots[n]:.0f}" if shots else "-" for n in SHOT_GROUPS),
                for_rich(", ".join(map(str, group["classes"]))),
            )
        table.add_section()
        of_class = self.matches.sum(axis=1, keepdims=True)
        of_all = shots_by_group(of_class, self.shot_of_class)
        table.add_row("all", "100.0", *(f"{100 * share:.0f}" for share in of_all[0]))
        return table
