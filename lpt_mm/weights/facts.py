"""What a file says beside its tensors: facts of the right type, or nothing."""

from collections.abc import Callable
from math import isnan
from typing import TypeGuard

Check = Callable[[object], bool]
LARGEST = 2**53  # what counts steps, images or epochs stays below
DEEPEST, MOST_ITEMS = 16, 10**6  # transforms within transforms are deep
LONGEST_NAME = 1000  # characters; to draw one of many more takes minutes


def known_facts(meta: object) -> dict[str, object]:
    """Keep what is known of a checkpoint's ``meta``, and of its type."""
    if not isinstance(meta, dict):
        return {}
    return {k: meta[k] for k, check in META.items() if k in meta and check(meta[k])}


def is_dict(value: object) -> TypeGuard[dict]:
    """Tell whether a value is a dict."""
    return isinstance(value, dict)


def is_text(value: object) -> TypeGuard[str]:
    """Tell whether a value is a text."""
    return isinstance(value, str)


def is_name(value: object) -> TypeGuard[str]:
    """Tell whether a value is a text that any table or picture can hold."""
    if not is_text(value) or len(value) > LONGEST_NAME:
        return False
    return not any("\ud800" <= c <= "\udfff" for c in value)  # which UTF-8 lacks


def is_number(value: object) -> TypeGuard[int | float]:
    """Tell whether a value is a number, perhaps infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return not isnan(value) if isinstance(value, float) else abs(value) < LARGEST


def is_count(value: object) -> TypeGuard[int]:
    """Tell whether a value counts something."""
    return isinstance(value, int) and is_number(value) and value >= 0


def are_counts(value: object) -> TypeGuard[list[int]]:
    """Tell whether a value is a list of counts."""
    return isinstance(value, list | tuple) and all(map(is_count, value))


def is_plain(value: object) -> bool:
    """Tell whether a value is made of numbers, texts, lists and dicts with names.

    It is neither deep nor large, even if it holds the same list a billion times.
    """
    left = [(value, 0)]
    for _ in range(MOST_ITEMS):
        if not left:
            return True
        item, depth = left.pop()
        if isinstance(item, dict):
            if not all(map(is_text, item)):
                return False
            item = list(item.values())
        if isinstance(item, list | tuple):
            if depth == DEEPEST:
                return False
            left += [(part, depth + 1) for part in item]
        elif not (item is None or isinstance(item, bool | int | float | str)):
            return False
    return False


def _are_facts(value: object) -> bool:
    return is_dict(value) and is_plain(value)


def _are_class_counts(value: object) -> bool:
    return value is None or (are_counts(value) and min(value, default=0) > 0)


def _is_dataset_meta(value: object) -> bool:
    if not is_dict(value):
        return value is None
    classes = value.get("classes")
    return classes is None or (
        isinstance(classes, list | tuple) and all(map(is_text, classes))
    )


META: dict[str, Check] = dict(
    epoch=is_count,
    iter=is_count,
    seed=lambda value: is_count(value) and value < 2**32,
    time=is_text,
    experiment_name=is_text,
    mmengine_version=is_text,
    dataset_meta=_is_dataset_meta,
    cls_num_list=_are_class_counts,
    backbone=_are_facts,
    preprocessing=_are_facts,
    settings=_are_facts,
    run=_are_facts,
    pack=_are_facts,
)
