"""Names above classes, such as genus and family, and answers as deep as is certain."""

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import list_some, printable

UNKNOWN = -1  # no name at a level, and no answer


class CoarseAnswer(NamedTuple):
    """The deepest answers that are certain, of n images."""

    level: Tensor  # (n,) of the taxonomy; -1 where no level is certain
    node: Tensor  # (n,) which name of that level
    certainty: Tensor  # (n,) its summed probability; 0 without an answer


@dataclass(frozen=True)
class Taxonomy:
    """For each class its name at every level, of which the class is the first.

    Args:
        levels: Names of the levels, the deepest first.
        nodes: For each level the names there are.
        node_of: For each level (C,) which of them a class is of; -1 for none.
    """

    levels: list[str]
    nodes: list[list[str]]
    node_of: list[np.ndarray]

    @classmethod
    def read(cls, path: str | os.PathLike, class_names: Sequence[str]) -> Self:
        """Read a table of a row a class: ``class,parent,...``.

        The first line names the levels, such as ``species,genus,family``. A cell may be
        empty where there is no name at a level.

        Args:
            path: CSV file.
            class_names: Names of the model's classes, length C.

        Returns:
            The taxonomy.

        Raises:
            OSError: If there is no such file.
            UserError: If a class is unknown, missing or there twice, a name has two
                parents, or is its own ancestor.
        """
        name = f"'{printable(path)}'"
        levels, rows = _read_rows(path, name)
        chains: dict[str, list[str]] = {}
        for row in rows:
            if chains.setdefault(row[0], row) != row:
                raise UserError(
                    f"{name}: '{printable(row[0])}' has two parents, "
                    f"{list_some(_above(chains[row[0]]))} and {list_some(_above(row))}"
                )
        known = set(class_names)
        if unknown := [x for x in chains if x not in known]:
            raise UserError(f"{name} names no class of the model: {list_some(unknown)}")
        if missing := [x for x in class_names if x not in chains]:
            raise UserError(f"{name} has no row of {list_some(missing)}")
        _require_tree(list(chains.values()), name)
        table = [chains[x] for x in class_names]
        nodes, node_of = [], []
        for column in zip(*table, strict=True):
            names = sorted(set(filter(None, column)))
            place = {name: i for i, name in enumerate(names)}
            nodes.append(names)
            node_of.append(np.array([place.get(x, UNKNOWN) for x in column]))
        return cls(levels, nodes, node_of)

    def back_off(self, probability: Tensor, certainty: float) -> CoarseAnswer:
        """Find the deepest level at which a name is certain enough.

        Args:
            probability: (n, C) of the classes.
            certainty: The least summed probability of an answer, above 0 to 1.

        Returns:
            The answers.

        Raises:
            UserError: If the certainty is out of its range.
        """
        if not 0 < certainty <= 1:
            raise UserError(f"a certainty is above 0 and at most 1, got {certainty}")
        device, number = probability.device, len(probability)
        level = torch.full((number,), UNKNOWN, device=device)
        node, best = level.clone(), torch.zeros(number, device=device)
        for i in reversed(range(len(self.levels))):  # deeper answers take their place
            total = self.summed(probability, i)
            if total.shape[1] == 0:
                continue
            largest, where = total.max(dim=1)
            enough = largest >= certainty
            level[enough], node[enough] = i, where[enough]
            best[enough] = largest[enough].to(best)
        return CoarseAnswer(level, node, best)

    def summed(self, probability: Tensor, level: int) -> Tensor:
        """Sum probabilities (n, C) of classes to (n, names) of a level's names."""
        index = torch.from_numpy(self.node_of[level]).to(probability.device)
        named = index != UNKNOWN
        total = probability.new_zeros(len(probability), len(self.nodes[level]))
        return total.index_add_(1, index[named], probability[:, named])


def _read_rows(path: str | os.PathLike, name: str) -> tuple[list[str], list[list[str]]]:
    """Read the names of the levels, and the rows, all of the same length."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        try:
            levels, *rows = [list(map(str.strip, x)) for x in csv.reader(file) if x]
        except (csv.Error, UnicodeDecodeError) as error:
            raise UserError(f"{name} is no CSV file in UTF-8") from error
        except ValueError as error:
            raise UserError(f"{name} is empty") from error
    if len(levels) < 2 or len(set(levels)) < len(levels):
        raise UserError(f"{name}: the first line names the levels, class,parent,...")
    for row in rows:
        if len(row) > len(levels) or not row[0]:
            raise UserError(
                f"{name}: a row has a class and at most {len(levels) - 1} names above "
                f"it, got {printable(','.join(row))}"
            )
        row += [""] * (len(levels) - len(row))
    return levels, rows


def _above(row: list[str]) -> list[str]:
    return [x for x in row[1:] if x] or ["none"]


def _require_tree(rows: list[list[str]], name: str) -> None:
    """Refuse names with two parents, at two levels, or above themselves."""
    parents: dict[str, str] = {}
    level_of: dict[str, int] = {}
    chains = [[x for x in row if x] for row in rows]
    edges = {(child, parent) for chain in chains for child, parent in pairwise(chain)}
    graph = TopologicalSorter()
    for child, parent in sorted(edges):  # so that a circle is told in one way
        graph.add(child, parent)
    try:
        graph.prepare()
    except CycleError as error:
        circle = " in ".join(f"'{printable(x)}'" for x in reversed(error.args[1]))
        raise UserError(f"{name} has a circle: {circle}") from error
    for row, chain in zip(rows, chains, strict=True):
        for child, parent in pairwise(chain):
            if parents.setdefault(child, parent) != parent:
                raise UserError(
                    f"{name}: '{printable(child)}' has two parents, "
                    f"{list_some({parents[child], parent})}"
                )
        for level, x in enumerate(row):
            if x and level_of.setdefault(x, level) != level:
                raise UserError(f"{name} has '{printable(x)}' at two levels")
