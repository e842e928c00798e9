"""Speed, memory and arithmetic of a config's model."""

from dataclasses import dataclass, field

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.models.classifiers import BaseClassifier

from lpt_mm.cost.flops import count_flops
from lpt_mm.cost.machine import find_device, matrix_product
from lpt_mm.cost.memory import peak_memory
from lpt_mm.cost.timing import Timing, time_in_turns
from lpt_mm.cost.workload import Workload


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


def measure_model_speed(
    cfg: Config,
    work: str,
    batch_size: int,
    repeats: int,
    amp: bool = False,
    reference: type[BaseClassifier] | None = None,
) -> dict[str, ModelSpeed]:
    """Measure a config's model on random images that lie in memory.

    Args:
        cfg: The config; no pre-trained weights are loaded.
        work: ``'infer'`` or ``'train'``, a step of the optimizer.
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
    workloads = {"config": Workload(cfg, work, batch_size, device, amp)}
    if reference is not None:
        plain = Config(cfg.to_dict())
        plain.model.type = reference
        plain.model.backbone.update(frozen_dtype="float32", compile=False)
        workloads["reference"] = Workload(plain, work, batch_size, device, amp=False)
        workloads["reference"].model.load_state_dict(
            workloads["config"].model.state_dict()
        )
    difference = None
    if reference is not None:
        difference = _difference(workloads["config"], workloads["reference"])
    memory = {name: peak_memory(load.run, device) for name, load in workloads.items()}
    flops = {name: count_flops(load.run) for name, load in workloads.items()}
    dtypes = {load.dtype for load in workloads.values()}
    products = {dtype: matrix_product(dtype, device) for dtype in dtypes}
    functions = {name: load.run for name, load in workloads.items()}
    functions |= {str(dtype): product for dtype, (product, _) in products.items()}
    timings = time_in_turns(functions, repeats, device)
    return {
        name: ModelSpeed(
            timing=timings[name],
            batch_size=batch_size,
            memory=memory[name],
            flops=flops[name],
            peak_flops=products[load.dtype][1] / timings[str(load.dtype)].median,
            trained=load.count_parameters(trained=True),
            total=load.count_parameters(),
            difference=difference if name == "config" else None,
        )
        for name, load in workloads.items()
    }


def _difference(workload: Workload, reference: Workload) -> float:
    return (workload.output() - reference.output()).abs().max().item()
