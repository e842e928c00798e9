"""Speed, memory and arithmetic of a config's model."""

from statistics import median

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.models.classifiers import BaseClassifier

from lpt_mm.cost.machine import find_device, matrix_product
from lpt_mm.cost.resources import count_flops, peak_memory, time_in_turns
from lpt_mm.cost.workload import Workload, count_parameters


def measure_model_speed(
    cfg: Config,
    work: str,
    batch_size: int,
    repeats: int,
    amp: bool = False,
    reference: type[BaseClassifier] | None = None,
) -> dict[str, dict]:
    """Measure a config's model, without its weights, on random images in memory.

    The work is ``'infer'`` or ``'train'``, by a step of the optimizer, with ``amp`` in
    bfloat16 by autocast. A reference is a class to put in the place of the model's, in
    float32. Returned are the numbers of ``config`` and perhaps ``reference``: seconds;
    bytes of tensors at the peak, above the weights; FLOP/s that a product of matrices
    reaches, and which share of it is reached; the largest difference of the outputs.
    """
    init_default_scope(cfg.get("default_scope", "mmengine"))
    device = find_device()
    ours = Workload(cfg, work, batch_size, device, amp)
    workloads, difference = {"config": ours}, None
    if reference is not None:
        plain = Config(cfg.to_dict())
        plain.model.type = reference
        plain.model.backbone.update(frozen_dtype="float32", compile=False)
        theirs = Workload(plain, work, batch_size, device, amp=False)
        theirs.model.load_state_dict(ours.model.state_dict())
        difference = (ours.output() - theirs.output()).abs().max().item()
        workloads["reference"] = theirs
    dtypes = {load.dtype for load in workloads.values()}
    products = {dtype: matrix_product(dtype, device) for dtype in dtypes}
    functions = {name: load.run for name, load in workloads.items()}
    functions |= {dtype: product for dtype, (product, _) in products.items()}
    seconds = time_in_turns(functions, repeats, device)
    speeds = {}
    for name, load in workloads.items():
        step = median(seconds[name])
        peak = products[load.dtype][1] / median(seconds[load.dtype])
        trained, total = count_parameters(load.model)
        flops = count_flops(load.run)
        speeds[name] = dict(
            images_per_second=batch_size / step,
            seconds_per_step=step,
            seconds_of_each_step=seconds[name],
            peak_memory=peak_memory(load.run, device),
            trained_parameters=trained,
            parameters=total,
            flops_per_image=flops / batch_size,
            matmul_peak_flops=peak,
            share_of_matmul_peak=flops / step / peak,
            difference_to_reference=difference if name == "config" else None,
        )
    return speeds
