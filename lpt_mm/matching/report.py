"""What the matching of a model is like: tables, JSON and a picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from lpt_mm.evaluation.metrics import SHOT_GROUPS, ShotGroups
from lpt_mm.matching.statistics import class_information, shots_by_group, usage_by_class
from lpt_mm.models.necks.pool_usage import (
    dead_groups,
    effective_groups,
    key_similarity,
    usage_entropy,
)
from lpt_mm.utils.json_file import write_json
from lpt_mm.utils.text import for_rich

MOST_FAVOURED = 3  # classes named in the row of a group


@dataclass
class MatchingReport:
    """Which groups are used by which class.

    Args:
        matches: (C, M) how often images of each class were matched with each group.
        keys: (M, D) keys of the groups.
        class_names: Names of the classes, length C.
        cls_num_list: Training images per class, length C.
        shot_groups: How classes are grouped by these.
    """

    matches: np.ndarray
    keys: np.ndarray
    class_names: Sequence[str]
    cls_num_list: Sequence[int]
    shot_groups: ShotGroups

    def summary(self) -> dict[str, float | int | list[int]]:
        """Compute the numbers on the pool as a whole, by name."""
        usage = self.matches.sum(axis=0)
        mean, largest = key_similarity(self.keys)
        return dict(
            pool_size=len(usage),
            usage_entropy=usage_entropy(usage),
            effective_groups=effective_groups(usage),
            dead_groups=dead_groups(usage),
            class_information=class_information(self.matches),
            key_similarity_mean=mean,
            key_similarity_max=largest,
        )

    def groups(self) -> list[dict]:
        """Describe each group, the most used one first.

        By group: its index, share of all matches, their share of each shot group, and
        the classes with the most of its matches.
        """
        usage = self.matches.sum(axis=0)
        of_shots = shots_by_group(self.matches, self.shot_of_class)
        of_groups = []
        for i in np.argsort(-usage, kind="stable").tolist():
            order = np.argsort(-self.matches[:, i], kind="stable")[:MOST_FAVOURED]
            shares = dict(zip(SHOT_GROUPS, of_shots[i].tolist(), strict=True))
            of_groups.append(
                dict(
                    index=i,
                    usage=float(usage[i] / usage.sum()),
                    shots=shares if usage[i] else None,
                    classes=[self.class_names[c] for c in order if self.matches[c, i]],
                )
            )
        return of_groups

    def classes(self) -> list[dict]:
        """Describe each class: name, training images, shot group, usage of each group.

        The usage is None for a class without an image.
        """
        rows = zip(
            self.class_names,
            self.cls_num_list,
            self.shot_of_class.tolist(),
            usage_by_class(self.matches).tolist(),
            self.matches.any(axis=1),
            strict=True,
        )
        return [
            dict(
                name=name,
                train_images=int(count),
                shot_group=shot,
                usage=usage if has_images else None,
            )
            for name, count, shot, usage, has_images in rows
        ]

    def write(self, path: str) -> None:
        """Write all numbers to a new JSON file."""
        # JSON has no NaN.
        summary = {k: None if v != v else v for k, v in self.summary().items()}
        parts = dict(groups=self.groups(), classes=self.classes())
        write_json(path, dict(summary, shot_groups=str(self.shot_groups), **parts))

    def print(self, title: str) -> None:
        """Print the numbers on the pool, below a title, and on each group."""
        console = Console()
        console.print(self._summary_table(title))
        console.print(self._group_table())

    @property
    def shot_of_class(self) -> np.ndarray:
        """Name of the shot group of each class, (C,)."""
        return self.shot_groups.assign(self.cls_num_list)

    def _summary_table(self, title: str) -> Table:
        numbers = self.summary()
        size, dead = numbers["pool_size"], numbers["dead_groups"]
        mean, largest = numbers["key_similarity_mean"], numbers["key_similarity_max"]
        table = Table(title=for_rich(title), show_header=False)
        table.add_column()
        table.add_column(justify="right")
        for row in {
            "effective groups": f"{numbers['effective_groups']:.1f} of {size}",
            "usage entropy / log M": f"{numbers['usage_entropy']:.3f}",
            "dead groups": f"{len(dead)} of {size}",
            "class information (0 ... 1)": f"{numbers['class_information']:.3f}",
            "cosine of two keys, mean / max": f"{mean:.3f} / {largest:.3f}",
        }.items():
            table.add_row(*row)
        return table

    def _group_table(self) -> Table:
        table = Table(
            title=f"Groups, and the shots of their matches in %\n{self.shot_groups}"
        )
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
