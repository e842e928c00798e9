"""Train three steps in each of two processes and write down what they exchange.

Run by ``test_distributed_gradients.py``:
``python -m torch.distributed.run --nproc-per-node=2 distributed_gradients.py FOLDER``.
"""

import copy
import sys
from argparse import Namespace
from pathlib import Path

import torch
from mmengine.model import BaseDataPreprocessor
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from torch import distributed
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lpt_mm.datasets.dual_sampler_dataset import CLASS_BALANCED, INSTANCE_BALANCED
from lpt_mm.engine.launch import close_processes, load_config
from tests.conftest import ROOT
from tests.golden import tiny_lpt

STEPS = 3


class Messages(TorchDispatchMode):
    """List all collective operations: name, whether of real numbers, how many."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.namespace == "c10d":
            tensors = [t for t in tree_leaves(args) if isinstance(t, torch.Tensor)]
            real = any(t.is_floating_point() for t in tensors)
            self.seen.append((func.__name__, real, sum(t.numel() for t in tensors)))
        return func(*args, **(kwargs or {}))


def quiet_lpt(phase):
    """Return the config of a model that has buffers and draws no random numbers."""
    cfg = tiny_lpt(phase)
    for loss in (cfg["head"]["loss"], cfg["head"]["instance_loss"]):
        loss.update(noise_mul=0.0, cls_num_list=[40, 20, 10, 8, 4, 2, 1])
    return cfg


def make_batch(generator):
    """Return four images, two from each sampling."""
    samples = []
    for tag in (CLASS_BALANCED, CLASS_BALANCED, INSTANCE_BALANCED, INSTANCE_BALANCED):
        label = int(torch.randint(7, (), generator=generator))
        samples.append(DataSample().set_gt_label(label))
        samples[-1].set_field(tag, "sampling", field_type="metainfo")
    inputs = torch.randn(4, 3, 16, 16, generator=generator)
    return dict(inputs=inputs, data_samples=samples)


def gradients(model):
    """Return all gradients by name."""
    named = model.named_parameters()
    return {k: p.grad.clone() for k, p in named if p.grad is not None}


def gradients_alone(model, batch):
    """Return the gradients of a batch as they are without other processes."""
    model = copy.deepcopy(model)
    loss, _ = model.parse_losses(model(**batch, mode="loss"))
    loss.backward()
    return gradients(model)


def train(cfg, phase):
    """Train a few steps on batches that the other process does not have."""
    cfg = copy.deepcopy(cfg)
    cfg.update(model=quiet_lpt(phase), experiment_name=f"phase{phase}")
    runner = Runner.from_cfg(cfg)
    wrapper, model = runner.model.train(), runner.model.module
    model.data_preprocessor = BaseDataPreprocessor()  # the usual one makes float32
    optimizer = runner.build_optim_wrapper(dict(optimizer=dict(type="SGD", lr=0.1)))
    names = {p: k for k, p in model.named_parameters()}
    steps = []

    def exchange(state, bucket):
        steps[-1]["sizes"].append(bucket.buffer().numel())
        steps[-1]["names"] += [names[p] for p in bucket.parameters()]
        return allreduce_hook(state, bucket)

    def note_gradients(*_):
        steps[-1]["together"] = gradients(model)

    wrapper.register_comm_hook(None, exchange)
    optimizer.optimizer.register_step_pre_hook(note_gradients)
    generator = torch.Generator().manual_seed(distributed.get_rank())
    for _ in range(STEPS):
        batch = make_batch(generator)
        steps.append(dict(sizes=[], names=[], alone=gradients_alone(model, batch)))
        with Messages() as messages:
            wrapper.train_step(batch, optimizer)
        steps[-1]["messages"] = messages.seen
    return dict(
        steps=steps,
        wrapper=type(wrapper).__name__,
        find_unused_parameters=wrapper.find_unused_parameters,
        broadcast_buffers=wrapper.broadcast_buffers,
        buffers=[name for name, _ in model.named_buffers()],
        trained={k: p.numel() for k, p in model.named_parameters() if p.requires_grad},
        weights=model.state_dict(),
    )


def main():
    """Train both phases."""
    torch.set_default_dtype(torch.float64)
    folder = Path(sys.argv[1])
    config = ROOT / "configs" / "_base_" / "default_runtime.py"
    options = dict(launcher="pytorch", local_rank=0, cfg_options=None)
    cfg = load_config(Namespace(config=config, work_dir=str(folder), **options))
    for phase in (1, 2):
        name = f"phase{phase}_rank{distributed.get_rank()}.pth"
        torch.save(train(cfg, phase), folder / name)


if __name__ == "__main__":
    main()
    close_processes()
