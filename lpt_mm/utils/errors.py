"""What is the user's to mend, such as a setting or a file."""

from collections.abc import Collection


class UserError(ValueError):
    """Something given is wrong; the message says what, and what to do about it.

    The tools end with its message in one line. Files that are missing or cannot be
    written raise Python's own ``OSError``, which ends them in the same way; whatever
    else comes up is a defect, and keeps its traceback.
    """


def require(good: object, message: str) -> None:
    """Refuse what is not good."""
    if not good:
        raise UserError(message)


def require_choice(name: str, value: object, choices: Collection) -> None:
    """Refuse a value that a setting cannot have."""
    if value not in choices:
        raise UserError(f"{name} must be one of {choices}, got {value!r}")
