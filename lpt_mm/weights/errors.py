"""What is said of weights that cannot be used."""

DAMAGED = "is truncated or damaged: fetch or copy it again"


class WeightFileError(ValueError):
    """Weights cannot be had or do not fit; the message is for users, in one line."""


def printable(text: str) -> str:
    """Make text of a file safe to print.

    Args:
        text: Any text.

    Returns:
        The text with control characters escaped.
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
