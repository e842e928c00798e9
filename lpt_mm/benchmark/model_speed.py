"""Speed, memory and arithmetic of a config's model."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.models.classifiers import BaseClassifier
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor

from lpt_mm.benchmark.cost import count_flops, find_device, matrix_product, peak_memory
from lpt_mm.benchmark.timing import Timing, time_in_turns
from lpt_mm.datasets.dual_sampler_dataset import CLASS_BALANCED, INSTANCE_BALANCED


@dataclass
class ModelSpeed:
    """What a model costs.

    Args:
        timing: Seconds of a batch.
        batch_size: Images of a batch.
        memory: Bytes of tensors at the peak, above the weights.
        flops: Floating point operations of a batch.
        peak_flops: Floating point operations a second of a matrix product.
        trained: Parameters that are trained.
        total: Parameters.
        difference: Largest difference to the plain reference: of the scores, or of the
            gradients as a share of the largest; None without a reference.
    """

    timing: Timing
    batch_size: int
    memory: int
    flops: int
    peak_flops: float
    trained: int
    total: int
    difference: float | None = field(default=None)

    @property
    def peak_share(self) -> float:
        """Share of the machine's matrix multiplication peak that is reached."""
        return self.flops / self.timing.median / self.peak_flops

    def as_dict(self) -> dict:
        """Return the numbers for JSON.

        Returns:
            Times in seconds, memory in bytes, shares between 0 and 1.
        """
        return dict(
            images_per_second=self.batch_size / self.timing.median,
            seconds_per_step=self.timing.median,
            seconds_of_each_step=self.timing.seconds,
            peak_memory=self.memory,
            trained_parameters=self.trained,
            parameters=self.total,
            flops_per_image=self.flops / self.batch_size,
            matmul_peak_flops=self.peak_flops,
            share_of_matmul_peak=self.peak_share,
            difference_to_reference=self.difference,
        )


def benchmark_model(
    cfg: Config,
    phase: str,
    batch_size: int,
    repeats: int,
    amp: bool = False,
    reference: type[BaseClassifier] | None = None,
) -> dict[str, ModelSpeed]:
    """Measure a config's model on random images that lie in memory.

    Args:
        cfg: The config; no pre-trained weights are loaded.
        phase: ``'infer'`` or ``'train'``, a step of the optimizer.
        batch_size: Images of a batch, both samplings together.
        repeats: Timed runs.
        amp: Whether to compute in bfloat16 by autocast.
        reference: A class to put in the place of the model's for comparison; it
            computes in float32.

    Returns:
        ``config`` and, with a reference, ``reference``.
    """
    init_default_scope(cfg.get("default_scope", "mmengine"))
    device = find_device()
    cases = {"config": _Case(cfg, phase, batch_size, device, amp)}
    if reference is not None:
        plain = Config(cfg.to_dict())
        plain.model.type = reference
        plain.model.backbone.update(frozen_dtype="float32", compile=False)
        cases["reference"] = _Case(plain, phase, batch_size, device, amp=False)
        cases["reference"].model.load_state_dict(cases["config"].model.state_dict())
    difference = None
    if reference is not None:
        difference = _difference(cases["config"], cases["reference"])
    memory = {name: peak_memory(case.run, device) for name, case in cases.items()}
    flops = {name: count_flops(case.run) for name, case in cases.items()}
    dtypes = {case.dtype for case in cases.values()}
    products = {dtype: matrix_product(dtype, device) for dtype in dtypes}
    functions = {name: case.run for name, case in cases.items()}
    functions |= {str(dtype): product for dtype, (product, _) in products.items()}
    timings = time_in_turns(functions, repeats, device)
    return {
        name: ModelSpeed(
            timing=timings[name],
            batch_size=batch_size,
            memory=memory[name],
            flops=flops[name],
            peak_flops=products[case.dtype][1] / timings[str(case.dtype)].median,
            trained=case.count_parameters(trained=True),
            total=case.count_parameters(),
            difference=difference if name == "config" else None,
        )
        for name, case in cases.items()
    }


class _Case:
    """A model, its batch and its optimizer."""

    def __init__(
        self, cfg: Config, phase: str, batch_size: int, device: torch.device, amp: bool
    ) -> None:
        torch.manual_seed(0)
        self.model = _build_model(cfg).to(device).train(phase == "train")
        self.device = device
        self.amp = amp
        self.data = _make_batch(self.model, batch_size, device)
        self.run: Callable[[], object] = self.infer
        if phase == "train":
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
        """Make one step of the optimizer."""
        return self.model.train_step(self.data, self.optim_wrapper)

    def output(self) -> Tensor:
        """Compute the scores, or all gradients, of the batch."""
        torch.manual_seed(0)  # the same noise and dropout in each case
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
        """Count the parameters, or those that are trained."""
        parameters = self.model.parameters()
        return sum(p.numel() for p in parameters if p.requires_grad or not trained)

    def _autocast(self) -> AbstractContextManager:
        if not self.amp:
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)


def _difference(case: _Case, reference: _Case) -> float:
    return (case.output() - reference.output()).abs().max().item()


def _build_model(cfg: Config) -> BaseClassifier:
    model = Config(dict(model=cfg.model)).model
    model.backbone.pop("init_cfg", None)
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
