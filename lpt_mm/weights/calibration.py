"""What a pack may say of its calibration."""

from math import inf

from lpt_mm.weights.facts import is_count, is_dict, is_number, is_text

TEMPERATURE, SETS = "temperature", "sets"
OF_SETS = dict(
    kind=is_text,
    threshold=lambda value: isinstance(value, list) and all(map(_is_finite, value)),
    images=is_count,
)


def is_calibration(value: object) -> bool:
    """Tell whether a value is what ``Posterior`` and ``AnswerSets`` can read."""
    if not is_dict(value) or not value.keys() <= {TEMPERATURE, SETS}:
        return value is None
    temperatures, sets = value.get(TEMPERATURE, {}), value.get(SETS, {})
    if not is_dict(temperatures) or not is_dict(sets):
        return False
    positive = all(_is_finite(x) and x > 0 for x in temperatures.values())
    return positive and all(map(_are_sets, sets.values()))


def _are_sets(value: object) -> bool:
    if not is_dict(value) or value.keys() != OF_SETS.keys():
        return False
    return all(check(value[name]) for name, check in OF_SETS.items())


def _is_finite(value: object) -> bool:
    return is_number(value) and abs(value) < inf
