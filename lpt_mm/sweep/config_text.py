"""Config values as the text of a config file."""

import math
from collections.abc import Mapping


def config_text(settings: Mapping[str, object]) -> str:
    """Write config values of Python's own types as a Python file."""
    return "".join(f"{key} = {_literal(value)}\n" for key, value in settings.items())


def _literal(value: object) -> str:
    """Do as ``repr``, but for infinity and NaN, whose ``repr`` is no Python."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if isinstance(value, dict):
        pairs = (f"{_literal(k)}: {_literal(v)}" for k, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, tuple):
        return f"({''.join(f'{_literal(item)}, ' for item in value)})"
    return repr(value)
