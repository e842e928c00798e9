"""What is said of weights that cannot be used."""

from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable

DAMAGED = "is truncated or damaged: fetch or copy it again"


class WeightFileError(UserError):
    """Weights cannot be had or do not fit; the message is for users, in one line."""

    def __init__(self, message: str) -> None:  # text from files may stand in it
        super().__init__(printable(message))
