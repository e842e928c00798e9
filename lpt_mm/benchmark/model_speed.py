"""Speed, memory and arithmetic of a config's model."""

from dataclasses import dataclass, field

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.models.classifiers import BaseClassifier

from lpt_mm.benchmark.case import Case
from lpt_mm.benchmark.cost import count_flops, find_device, matrix_product, peak_memory
from lpt_mm.benchmark.timing import Timing, time_in_turns


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
    cases = {"config": Case(cfg, phase, batch_size, device, amp)}
    if reference is not None:
        plain = Config(cfg.to_dict())
        plain.model.type = reference
        plain.model.backbone.update(frozen_dtype="float32", compile=False)
        cases["reference"] = Case(plain, phase, batch_size, device, amp=False)
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


def _difference(case: Case, reference: Case) -> float:
    return (case.output() - reference.output()).abs().max().item()
