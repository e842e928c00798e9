"""A trained model, ready for images."""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Self

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmpretrain.models.classifiers import ImageClassifier
from torch import Tensor

from lpt_mm.answers.answering import Answering, Question
from lpt_mm.engine.run_config import load_config
from lpt_mm.inference.batches import PreparedImage
from lpt_mm.inference.building import build_model
from lpt_mm.inference.class_table import ClassTable, require_positive
from lpt_mm.inference.components import check_components
from lpt_mm.inference.images import ImageLike
from lpt_mm.inference.observations import Observations, read_observation
from lpt_mm.inference.packing import make_pack
from lpt_mm.inference.prediction import Prediction
from lpt_mm.inference.views import Views
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.pack import Pack, read_pack


class Predictor:
    """Classify images with a trained model, as ``tools/test.py`` does.

    Images are paths, images of Pillow, or arrays (H, W, 3) uint8 **in RGB** (or (H, W)
    in grey); one alone, or a list, a generator or an array (n, H, W, 3) of them.
    Threads read and prepare them ahead of the model.

    Args:
        model: The classifier.
        pack: What is known of it.
        device: Where it computes; by default a GPU if there is one.
        task: What its predictions say that they are of, if they are of several tasks.
        tta: As of :class:`Views`.

    Attributes:
        model: The classifier, in evaluation mode, on its device.
        pack: What is known of it: ``pack.report`` is its test, ``pack.cls_num_list``
            the training images per class.
        class_names: Names of the classes, length C.
        classes: What gives scores a name.
        prepare: The transforms of the test: ``prepare(image)`` is (C, H, W) uint8.
        views: What runs them ahead of the model, and cuts crops.
    """

    def __init__(
        self,
        model: ImageClassifier,
        pack: Pack,
        device: str | torch.device | None = None,
        task: str | None = None,
        tta: bool | None = None,
    ) -> None:
        self.device = torch.device(device or get_device())
        self.model = model.to(self.device).eval()
        self.pack = pack
        self.classes = ClassTable(pack, task)
        self.class_names = self.classes.names
        self.shot_groups = self.classes.shot_groups
        self.views = Views(self.model, pack, tta)
        self.prepare = self.views.prepare

    @classmethod
    def from_pack(
        cls,
        path: str | os.PathLike,
        backbone: str | None = None,
        device: str | None = None,
        frozen_dtype: str | None = None,
        tta: bool | None = None,
    ) -> Self:
        """Load a pack.

        Args:
            path: A file of ``tools/model_converters/publish_model.py``.
            backbone: File of the backbone, or another source of ``PretrainedViT``. Not
                needed where the pack has it, or its source is one of
                ``configs/_base_/models/``. It must be the one that was trained on.
            device: Where to compute, such as ``'cuda:1'``; by default a GPU if there
                is one.
            frozen_dtype: ``'bfloat16'`` to compute the frozen layers in; by default as
                in training.
            tta: As of the class.

        Returns:
            The predictor.

        Raises:
            UserError: If the pack is damaged, of another format, says what is not
                known, or was trained on another backbone.
        """
        pack = read_pack(path)
        check_components(pack)
        model = build_model(pack, backbone, frozen_dtype)
        return cls(model, pack, device, tta=tta)

    @classmethod
    def from_config(
        cls,
        config: str | os.PathLike | Config,
        checkpoint: str | os.PathLike | None,
        backbone: str | None = None,
        device: str | None = None,
        frozen_dtype: str | None = None,
        tta: bool | None = None,
    ) -> Self:
        """Load a checkpoint with its config, which is code and must be trusted.

        Args:
            config: The config, or its file.
            checkpoint: The checkpoint; None for a model without training.
            backbone: As in :meth:`from_pack`; by default that of the config.
            device: As in :meth:`from_pack`.
            frozen_dtype: As in :meth:`from_pack`.
            tta: As in :meth:`from_pack`.

        Returns:
            The predictor.

        Raises:
            UserError: If the checkpoint is not of the config, or was trained on another
                backbone.
        """
        cfg = config if isinstance(config, Config) else load_config(os.fspath(config))
        pack = make_pack(cfg, checkpoint)
        if pack.weights.is_light and backbone is None:
            backbone = (cfg.model.backbone.get("init_cfg") or {}).get("checkpoint")
        model = build_model(pack, backbone, frozen_dtype)
        return cls(model, pack, device, tta=tta)

    def __call__(
        self,
        images: ImageLike | Iterable[ImageLike],
        batch_size: int = 32,
        top: int = 5,
        strict: bool = False,
    ) -> list[Prediction]:
        """Classify images, and give a list; see :meth:`stream`."""
        return list(self.stream(images, batch_size, top, strict))

    def stream(
        self,
        images: ImageLike | Iterable[ImageLike],
        batch_size: int = 32,
        top: int = 5,
        strict: bool = False,
    ) -> Iterator[Prediction]:
        """Classify images of any number, of which a batch or two are held at a time.

        Args:
            images: One image or more; see the class.
            batch_size: Images that are computed at a time.
            top: How many classes are named for each.
            strict: Whether an image that cannot be read is an error, and not a
                prediction whose ``error`` says so.

        Yields:
            A prediction for each image, in their order.
        """
        require_positive(top)
        for batch, logit in self.logits(images, batch_size, strict):
            yield from self.classes.read(batch, logit, top)

    def observe(
        self,
        images: ImageLike | Iterable[ImageLike],
        observations: Sequence[str],
        batch_size: int = 32,
        top: int = 5,
        strict: bool = False,
    ) -> Iterator[Prediction]:
        """Classify things that several images show, by the mean of their logits.

        Args:
            images: The images, as in :meth:`stream`, in any order.
            observations: What each image shows, such as the name of a plant.
            batch_size: As in :meth:`stream`, like the others.
            top: How many classes are named for each observation.
            strict: Whether an image that cannot be read is an error.

        Yields:
            A prediction for each observation, as soon as its last image is done.
        """
        require_positive(top)
        underway = Observations(observations)
        for batch, logit in self.logits(images, batch_size, strict):
            for name, found in underway.add(batch, logit):
                yield read_observation(self.classes, name, found, top)
        underway.require_complete()

    def logits(
        self, images: ImageLike | Iterable[ImageLike], batch_size: int, strict: bool
    ) -> Iterator[tuple[list[PreparedImage], Tensor]]:
        """Give batches, and the logits (n, C) of what could be read of each.

        The arguments are those of :meth:`stream`.
        """
        views = self.views
        for batch in views.crop_reader.batches(images, batch_size, strict):
            with torch.inference_mode():
                crops = views.crops(batch)
                logit = views.average([self.model(x, mode="tensor") for x in crops])
            yield batch, logit

    def ask(self, **question: object) -> None:
        """Say how to answer from now on.

        Args:
            **question: Arguments of :class:`Question`: ``prior``, ``coverage``,
                ``taxonomy`` and ``certainty``; none to answer as ever.

        Raises:
            UserError: If the pack does not have what that needs.
        """
        self.classes.answering = Answering(self.pack, Question(**question))

    def embed(
        self, images: ImageLike | Iterable[ImageLike], batch_size: int = 32
    ) -> np.ndarray:
        """Compute the features that are classified.

        Args:
            images: As in :meth:`stream`; all must be readable.
            batch_size: As in :meth:`stream`.

        Returns:
            (n, D) float32.
        """
        rows = [np.empty((0, self.model.head.in_channels), np.float32)]
        for batch in self.views.reader.batches(images, batch_size):
            with torch.inference_mode():
                feature = self.model.extract_feat(self.views.whole(batch), "pre_logits")
            rows.append(feature.float().cpu().numpy())
        return np.concatenate(rows)

    def matched_groups(
        self, images: ImageLike | Iterable[ImageLike], batch_size: int = 32
    ) -> np.ndarray:
        """Match images with the groups of prompts.

        Args:
            images: As in :meth:`stream`; all must be readable.
            batch_size: As in :meth:`stream`.

        Returns:
            (n, k) int64 indices of the groups, the most similar first.

        Raises:
            UserError: If the model has no groups.
        """
        if not hasattr(self.model, "query") or not self.model.with_neck:
            raise UserError("the model has no group prompts, and so nothing to match")
        rows = [np.empty((0, self.model.neck.topk), np.int64)]
        for batch in self.views.reader.batches(images, batch_size):
            with torch.inference_mode():
                query = self.model.query(self.views.whole(batch))
                _, groups = self.model.neck.match(query)
            rows.append(groups.cpu().numpy())
        return np.concatenate(rows)
