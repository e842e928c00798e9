"""What a command line names: a model, and the set of images to embed."""

import os
from collections.abc import Iterator, Sequence

from mmengine.config import Config
from mmengine.registry import init_default_scope

from lpt_mm.collection.embedding import embed
from lpt_mm.collection.fingerprint import model_fingerprint
from lpt_mm.collection.image_batches import (
    Batch,
    batches_of_files,
    batches_of_split,
    open_split,
)
from lpt_mm.engine.run_config import load_config
from lpt_mm.inference.building import build_model
from lpt_mm.inference.components import check_components
from lpt_mm.inference.packing import make_pack
from lpt_mm.inference.prediction_table import require_parquet
from lpt_mm.inference.predictor import Predictor
from lpt_mm.inference.sources import ImageSources
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import require_new_folder
from lpt_mm.utils.text import list_some, printable
from lpt_mm.weights.pack import Pack, read_pack


def embed_from_words(
    words: Sequence[str],
    out: str | os.PathLike,
    split: str | None = None,
    config: str | None = None,
    labels_from_folders: bool = False,
    batch_size: int = 32,
    backbone: str | None = None,
    device: str | None = None,
    frozen_dtype: str | None = None,
) -> str:
    """Embed images or a split, by a model.

    Args:
        words: A pack, or a config and a checkpoint; then images, unless there is a
            split.
        out: New folder.
        split: ``'train'``, ``'val'`` or ``'test'`` of the config.
        config: Config that has the split; by default the one in the words.
        labels_from_folders: Whether the folder of an image is called as its class.
        batch_size: Images that are computed at a time.
        backbone: As of :meth:`Predictor.from_pack`, like the others.
        device: Where to compute.
        frozen_dtype: What to compute the frozen layers in.

    Returns:
        What was done, in one line.

    Raises:
        FileExistsError: If the folder exists.
        UserError: If the words name no model and images.
    """
    require_parquet()
    require_new_folder(out)
    number = 2 if words[0].endswith(".py") else 1
    model, images = list(words[:number]), list(words[number:])
    if bool(images) == (split is not None):
        raise UserError(
            "name images after the model (files, folders, patterns, lists, archives) "
            "or a --split, and not both"
        )
    cfg = load_config(model[0]) if number == 2 else None
    where = load_config(config) if config else cfg
    if split is not None and where is None:
        raise UserError("--split needs the config that has it: name it with --config")
    sources = None if split else ImageSources(images)
    total = sources.count() if sources else 0
    pack = read_pack(model[0]) if cfg is None else make_pack(cfg, *model[1:] or [None])
    if cfg is None:
        check_components(pack)
    labels = _class_folders(pack) if labels_from_folders else None
    fingerprint = model_fingerprint(pack)
    predictor = _predictor(pack, cfg, backbone, device, frozen_dtype)
    if sources is None:
        total, batches = _read_split(predictor, where, split)
    else:
        batches = batches_of_files(predictor, sources, batch_size, labels)
    return embed(predictor, fingerprint, batches, total, out)


def _read_split(
    predictor: Predictor, cfg: Config, split: str
) -> tuple[int, Iterator[Batch]]:
    """Open a split, whose labels are to be the classes of the model."""
    init_default_scope(cfg.get("default_scope", "mmengine"))
    loader = open_split(cfg, split)
    names = loader.dataset.metainfo.get("classes")
    # Fewer, read off the folders of its images, may be the first ones.
    if names and list(names) != list(predictor.class_names[: len(names)]):
        wrong = set(names) ^ set(predictor.class_names)
        raise UserError(
            f"the {split} split of {printable(cfg.filename)} has other classes than "
            f"the model: {list_some(wrong) if wrong else 'the same, in another order'}"
        )
    return len(loader.dataset), batches_of_split(predictor, loader)


def _class_folders(pack: Pack) -> dict[str, int]:
    """Give the class indices by name, if these tell the classes apart."""
    names = pack.class_names
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise UserError(
            f"--labels-from-folders: {list_some(twice)} is the name of several classes"
        )
    return {name: label for label, name in enumerate(names)}


def _predictor(
    pack: Pack,
    cfg: Config | None,
    backbone: str | None,
    device: str | None,
    frozen_dtype: str | None,
) -> Predictor:
    if cfg is not None and pack.weights.is_light and backbone is None:
        backbone = (cfg.model.backbone.get("init_cfg") or {}).get("checkpoint")
    return Predictor(build_model(pack, backbone, frozen_dtype), pack, device)
