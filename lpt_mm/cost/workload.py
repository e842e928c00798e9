"""A config's model on random images, without pre-trained weights."""

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmpretrain.models.classifiers import BaseClassifier
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from lpt_mm.datasets.dual_sampler_dataset import CLASS_BALANCED, INSTANCE_BALANCED
from lpt_mm.engine.optimizers.bfloat16_optim_wrapper import bfloat16_type

FOUND_BY_A_RUN = ("key_init", "prompt_init", "head_init", "center", "choice_noise")


class Workload:
    """A model, its batch and its optimizer; see :func:`measure_model_speed`."""

    def __init__(
        self, cfg: Config, work: str, batch_size: int, device: torch.device, amp: bool
    ) -> None:
        torch.manual_seed(0)
        self.model = _build_model(cfg).to(device).train(work == "train")
        self.device = device
        self.amp = amp
        self.data = _make_batch(self.model, batch_size, device)
        if work == "train":
            optim_wrapper = cfg.optim_wrapper.copy()
            if amp:
                optim_wrapper.type = bfloat16_type(optim_wrapper)
            self.optim_wrapper = build_optim_wrapper(self.model, optim_wrapper)
        self.run()  # memory and arithmetic are those of every later run

    @property
    def dtype(self) -> torch.dtype:
        """What the transformer's layers compute in."""
        if self.amp:
            return torch.bfloat16
        return next(self.model.backbone.layers.parameters()).dtype

    def run(self) -> object:
        """Make one step of the optimizer, or predict a batch."""
        if self.model.training:
            return self.model.train_step(self.data, self.optim_wrapper)
        with torch.no_grad(), self._autocast():
            return self.model.test_step(self.data)

    def output(self) -> Tensor:
        """Compute the scores (B, C), or all gradients over the largest one."""
        torch.manual_seed(0)  # the same noise and dropout in each
        data = self.model.data_preprocessor(self.data, self.model.training)
        if not self.model.training:
            with torch.no_grad(), self._autocast():
                return self.model(data["inputs"])
        with self._autocast():
            losses = self.model(**data, mode="loss")
        self.model.zero_grad()
        self.model.parse_losses(losses)[0].backward()
        trained = (p for p in self.model.parameters() if p.requires_grad)
        gradients = torch.cat([p.grad.flatten() for p in trained])
        return gradients / gradients.abs().max()

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.amp)


def count_parameters(module: nn.Module) -> tuple[int, int]:
    """Count the parameters that are trained, and all."""
    sizes = [(p.numel(), p.requires_grad) for p in module.parameters()]
    return sum(n for n, trained in sizes if trained), sum(n for n, _ in sizes)


def _build_model(cfg: Config) -> BaseClassifier:
    model = Config(cfg.to_dict()).model  # a copy: the config keeps its weights
    model.backbone.pop("init_cfg", None)
    for part in filter(None, map(model.get, ("backbone", "neck", "head"))):
        for name in FOUND_BY_A_RUN:  # random values will do
            part.pop(name, None)
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
