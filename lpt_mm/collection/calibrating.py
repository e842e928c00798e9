"""A pack that is as certain as it is right, by a validation set."""

import os
from dataclasses import replace

from lpt_mm.answers.temperature import TemperatureFit, fit_temperature
from lpt_mm.collection.embedded_set import EmbeddedSet
from lpt_mm.collection.writing import require_new_pack, write_pack
from lpt_mm.weights.calibration import TEMPERATURE
from lpt_mm.weights.pack import read_pack


def calibrate(
    pack: str | os.PathLike,
    validation: str | os.PathLike,
    out: str | os.PathLike,
    by_group: bool = False,
) -> TemperatureFit:
    """Fit temperatures, and write the pack with them to a new file.

    Args:
        pack: The pack.
        validation: The validation set, of ``tools/inference/embed.py``.
        out: New pack.
        by_group: Whether each shot group has its own temperature.

    Returns:
        What was fitted.

    Raises:
        FileExistsError: If the new file exists.
        UserError: If the set is of another model, or too small.
    """
    require_new_pack(out)
    content = read_pack(pack)
    images = EmbeddedSet.read(validation, content).labelled
    fit = fit_temperature(content, images.score, images.label, by_group)
    # Answer sets of before are of other probabilities.
    facts = {TEMPERATURE: fit.temperature}
    write_pack(replace(content, calibration=facts), out)
    return fit
