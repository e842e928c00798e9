"""A predictor by the words of a command line."""

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from hashlib import file_digest

import torch

from lpt_mm.answers.answering import Question
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
    question: Question | None = None,
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
        question: How to answer, of each task.

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
    question = question or Question()
    asked = _describe(question)
    options = dict(backbone=backbone, device=device, frozen_dtype=frozen_dtype, tta=tta)
    if packs:
        tasks = Tasks(packs, **options)
        for predictor in tasks.values():
            predictor.ask(**vars(question))
        crops = [predictor.views.ensemble for predictor in tasks.values()]
        return tasks, images, _facts(files, frozen_dtype, list(tasks), crops, asked)
    load = Predictor.from_pack if len(files) == 1 else Predictor.from_config
    predictor = load(*files, **options)
    predictor.ask(**vars(question))
    pack = predictor.pack  # of a config, too, with what its bases say
    settings = [pack.model, pack.data_preprocessor, pack.pipeline]
    crops = [predictor.views.ensemble]
    return predictor, images, _facts(files, frozen_dtype, settings, crops, asked)


def _facts(
    files: list[str],
    frozen_dtype: str | None,
    settings: list,
    crops: list[CropEnsemble | None],
    asked: dict,
) -> dict:
    """Tell a model from others."""
    tta = [ensemble and ensemble.facts() for ensemble in crops]
    model = list(map(_digest, files))
    facts = dict(model=model, frozen_dtype=frozen_dtype, settings=settings, tta=tta)
    return facts | dict(question=asked)


def _describe(question: Question) -> dict:
    """Say how is answered, with the content of the file that it names."""
    taxonomy = question.taxonomy and _digest(question.taxonomy)
    return asdict(replace(question, taxonomy=taxonomy))


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return file_digest(file, "sha256").hexdigest()
