"""A predictor by the words of a command line."""

import os
from collections.abc import Sequence
from hashlib import file_digest

import torch

from lpt_mm.answers.prior import Prior
from lpt_mm.engine.crop_ensemble import CropEnsemble
from lpt_mm.inference.predictor import Predictor
from lpt_mm.inference.tasks import Tasks
from lpt_mm.utils.errors import UserError


def open_predictor(
    arguments: Sequence[str],
    packs: Sequence[str] | None = None,
    backbone: str | None = None,
    device: str | None = None,
    frozen_dtype: str | None = None,
    tta: bool | None = None,
    prior: Prior | None = None,
) -> tuple[Predictor | Tasks, list[str], dict[str, object]]:
    """Load a model, of which the first words tell, or the packs of several tasks.

    Args:
        arguments: A pack, or a config and a checkpoint; then the images.
        packs: Packs of tasks; then the arguments are images alone.
        backbone: As of :meth:`Predictor.from_pack`, like the others. Without ``device``
            each process that torchrun has started takes a GPU of its own.
        device: Where to compute.
        frozen_dtype: What to compute the frozen layers in.
        tta: Whether to average over crops.
        prior: How frequent classes are, of each task.

    Returns:
        The predictor or tasks, the words for images, and what tells the model from
        others.

    Raises:
        UserError: If no image is named, or the model cannot be loaded.
    """
    if packs:
        files, images = list(packs), list(arguments)
    else:
        number = 2 if arguments[0].endswith(".py") else 1
        files, images = list(arguments[:number]), list(arguments[number:])
    if not images:
        raise UserError(
            "name the images after the model: files, folders, patterns, lists (.txt) "
            "or archives (.tar)"
        )
    if device is None and torch.cuda.is_available():
        device = f"cuda:{os.environ.get('LOCAL_RANK', 0)}"
    options = dict(backbone=backbone, device=device, frozen_dtype=frozen_dtype, tta=tta)
    if packs:
        tasks = Tasks(packs, **options)
        for predictor in tasks.values():
            predictor.set_prior(prior)
        crops = [predictor.views.ensemble for predictor in tasks.values()]
        return tasks, images, _facts(files, frozen_dtype, list(tasks), crops, prior)
    load = Predictor.from_pack if len(files) == 1 else Predictor.from_config
    predictor = load(*files, **options)
    predictor.set_prior(prior)
    pack = predictor.pack  # of a config, too, with what its bases say
    settings = [pack.model, pack.data_preprocessor, pack.pipeline]
    crops = [predictor.views.ensemble]
    return predictor, images, _facts(files, frozen_dtype, settings, crops, prior)


def _facts(
    files: list[str],
    frozen_dtype: str | None,
    settings: list,
    crops: list[CropEnsemble | None],
    prior: Prior | None,
) -> dict:
    """Tell a model from others."""
    tta = [ensemble and ensemble.facts() for ensemble in crops]
    model = list(map(_digest, files))
    facts = dict(model=model, frozen_dtype=frozen_dtype, settings=settings, tta=tta)
    return facts | dict(prior=prior and vars(prior))


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return file_digest(file, "sha256").hexdigest()
