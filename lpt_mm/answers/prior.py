"""How frequent classes are held to be, where a model is used."""

import csv
import math
import os
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import list_some, printable
from lpt_mm.weights.facts import is_number
from lpt_mm.weights.pack import PRIOR_POWER, Pack

COLUMNS = ("class", "frequency")


@dataclass(frozen=True)
class Prior:
    """A power of the training images, or a table of frequencies.

    Args:
        power: From 0, where all classes are equally frequent, to 1, where they are as
            frequent as in training.
        frequency: Of each class, by name, in any unit; 0 if it cannot occur.

    Raises:
        UserError: If the power is out of its range.
    """

    power: float | None = None
    frequency: dict[str, float] | None = None

    def __post_init__(self) -> None:
        """Refuse a power out of its range."""
        power = self.power
        if power is not None and not (is_number(power) and 0 <= power <= 1):
            raise UserError(
                "a prior is a number from 0 (all classes equally frequent) to 1 (as in "
                f"training), got {power!r}"
            )


def parse_prior(text: str) -> Prior:
    """Read what a command line says: a number, or a CSV file."""
    try:
        power = float(text)
    except ValueError:
        return Prior(frequency=read_frequencies(text))
    return Prior(power)


def read_frequencies(path: str | os.PathLike) -> dict[str, float]:
    """Read a table of the columns ``class`` and ``frequency``.

    Args:
        path: CSV file.

    Returns:
        The frequency of each class, by name.

    Raises:
        OSError: If there is no such file.
        UserError: If it is no such table, or a class comes twice.
    """
    found: dict[str, float] = {}
    name = f"'{printable(path)}'"
    with open(path, newline="", encoding="utf-8-sig") as file:
        try:
            rows = list(csv.DictReader(file))
        except (csv.Error, UnicodeDecodeError) as error:
            raise UserError(f"{name} is no CSV file in UTF-8") from error
    if not rows or not set(COLUMNS) <= rows[0].keys():
        raise UserError(f"{name} has no columns {' and '.join(COLUMNS)}, or no rows")
    for row in rows:
        label, text = row["class"] or "", row["frequency"]
        try:
            value = float(text)
        except (TypeError, ValueError):
            value = -1.0
        if not 0 <= value < math.inf:
            raise UserError(
                f"{name}: the frequency of '{printable(label)}' must be 0 or more, got "
                f"{printable(text)}"
            )
        if label in found:
            raise UserError(f"{name} has '{printable(label)}' twice")
        found[label] = value
    return found


def prior_shift(pack: Pack, prior: Prior) -> np.ndarray:
    """Compute what is added to the scores of each class, (C,), see ``Posterior``.

    Args:
        pack: What is known of the model.
        prior: How frequent the classes are held to be.

    Returns:
        (C,) float64; minus infinity for a class that cannot occur.

    Raises:
        UserError: If the pack does not say what training has done about the counts, or
            the table has other classes than the model.
    """
    return log_frequency(pack, prior) - trained_power(pack) * log_share(pack)


def trained_power(pack: Pack) -> float:
    """Give the power of the counts that the scores of a pack have as their prior."""
    power = pack.balancing.get(PRIOR_POWER)
    if power is None:
        raise UserError(
            f"{pack.source} does not say what its training did about the class counts, "
            "and no prior can be set: publish it again with this lpt_mm, of a sampler "
            "and a loss that are known"
        )
    return float(power)


def log_share(pack: Pack) -> np.ndarray:
    """Compute the logarithm of the share of each class in training, (C,)."""
    if pack.cls_num_list is None:
        raise UserError(f"{pack.source} does not know its training images per class")
    counts = np.array(pack.cls_num_list, dtype=float)
    return np.log(counts / counts.sum())


def log_frequency(pack: Pack, prior: Prior) -> np.ndarray:
    """Compute the logarithm of the frequency of each class, (C,), up to a constant."""
    if prior.frequency is None:
        return prior.power * log_share(pack)
    names = pack.class_names
    if unknown := [name for name in prior.frequency if name not in set(names)]:
        near = get_close_matches(unknown[0], names, 1)
        hint = f": did you mean '{printable(near[0])}'?" if near else ""
        raise UserError(
            f"the frequencies name no class of the model: {list_some(unknown)}{hint}"
        )
    if missing := [name for name in names if name not in prior.frequency]:
        raise UserError(
            f"the frequencies leave out {list_some(missing)}: write 0 for a class that "
            "cannot occur"
        )
    values = np.array([prior.frequency[name] for name in names])
    if not values.any():
        raise UserError("the frequencies are all 0")
    with np.errstate(divide="ignore"):
        return np.log(values / values.max())  # whose sum could overflow
