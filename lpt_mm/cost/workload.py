"""A config's model on random images, without pre-trained weights."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmpretrain.models.classifiers import BaseClassifier
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor

from lpt_mm.datasets.dual_sampler_dataset import CLASS_BALANCED, INSTANCE_BALANCED


class Workload:
    """A model, its batch and its optimizer.

    Args:
        cfg: The config; no pre-trained weights are loaded.
        work: ``'infer'`` or ``'train'``, a step of the optimizer.
        batch_size: Images of a batch, both samplings together.
        device: Device to compute on.
        amp: Whether to compute in bfloat16 by autocast.
    """

    def __init__(
        self, cfg: Config, work: str, batch_size: int, device: torch.device, amp: bool
    ) -> None:
        torch.manual_seed(0)
        self.model = _build_model(cfg).to(device).train(work == "train")
        self.device = device
        self.amp = amp
        self.data = _make_batch(self.model, batch_size, device)
        self.run: Callable[[], object] = self.infer
        if work == "train":
            optim_wrapper = cfg.optim_wrapper.copy()
            if amp:
                optim_wrapper.type = "BFloat16OptimWrapper"
            self.optim_wrapper = build_optim_wrapper(self.model, optim_wrapper)
            self.run = self.train
        self.run()  # memory and arithmetic are those of every later run

    @property
    def dtype(self) -> torch.dtype:
        """What the transformer's layers compute in."""
        if self.amp:
            return torch.bfloat16
        return next(self.model.backbone.layers.parameters()).dtype

    def infer(self) -> object:
        """Predict a batch."""
        with torch.no_grad(), self._autocast():
            return self.model.test_step(self.data)

    def train(self) -> object:
        """Make one step of the optimizer; return the losses."""
        return self.model.train_step(self.data, self.optim_wrapper)

    def output(self) -> Tensor:
        """Compute what two workloads can be compared by.

        (B, C) scores, or when training all gradients as a share of the largest, (number
        of trained parameters,).
        """
        torch.manual_seed(0)  # the same noise and dropout in each
        data = self.model.data_preprocessor(self.data, self.model.training)
        if not self.model.training:
            with torch.no_grad(), self._autocast():
                return self.model(data["inputs"])
        with self._autocast():
            losses = self.model(**data, mode="loss")
        self.model.zero_grad()
        self.model.parse_losses(losses)[0].backward()
        gradients = [
            p.grad.flatten() for p in self.model.parameters() if p.requires_grad
        ]
        gradients = torch.cat(gradients)
        return gradients / gradients.abs().max()

    def count_parameters(self, trained: bool = False) -> int:
        """Count the parameters, all or those that are trained."""
        parameters = self.model.parameters()
        return sum(p.numel() for p in parameters if p.requires_grad or not trained)

    def _autocast(self) -> AbstractContextManager:
        if not self.amp:
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)


def _build_model(cfg: Config) -> BaseClassifier:
    model = Config(cfg.to_dict()).model  # a copy: the config keeps its weights
    model.backbone.pop("init_cfg", None)
    if model.get("neck"):
        model.neck.pop("key_init", None)  # a run sets the keys, and random ones will do
    model = MODELS.build(model)
    for module in model.modules():
        if hasattr(module, "cls_num_list"):
            module.cls_num_list = list(range(1, model.head.num_classes + 1))
    return model


def _make_batch(model: BaseClassifier, size: int, device: torch.device) -> dict:
    """Make images of all noise, half of each sampling."""
    channels = model.backbone.patch_embed.projection.in_channels
    shape = (size, channels, *model.backbone.img_size)
    samples = []
    for i in range(size):
        sample = DataSample().set_gt_label(i % model.head.num_classes)
        tag = CLASS_BALANCED if i % 2 else INSTANCE_BALANCED
        sample.set_field(tag, "sampling", field_type="metainfo")
        samples.append(sample)
    images = torch.randint(256, shape, dtype=torch.uint8, device=device)
    return dict(inputs=images, data_samples=samples)
