"""One of the processes of test_distributed_gradients.py."""

import argparse
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import MODEL_WRAPPERS
from torch import distributed
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook

from lpt_mm.engine.processes import close_processes
from lpt_mm.engine.run_config import load_config
from tests.test_engine.test_distributed_gradients import STEPS, batch_of, build_model


def wrap(model: torch.nn.Module, cfg: Config) -> torch.nn.Module:
    """Wrap the model as mmengine's runner does, with the config of tools/train.py."""
    return MODEL_WRAPPERS.build(cfg.model_wrapper_cfg, default_args=dict(module=model))


def train(phase: int, config: str, out: Path) -> None:
    """Make some steps and save what happened."""
    cfg = load_config(config, launcher="pytorch")  # starts the process group
    rank = distributed.get_rank()
    model = build_model(phase)
    wrapped = wrap(model, cfg)
    exchanged, broadcasts = [], []

    def count(
        group: distributed.ProcessGroup, bucket: distributed.GradBucket
    ) -> torch.futures.Future[torch.Tensor]:
        exchanged.append(bucket.buffer().numel())
        return allreduce_hook(group, bucket)

    wrapped.register_comm_hook(distributed.group.WORLD, count)
    sync = wrapped._sync_buffers
    wrapped._sync_buffers = lambda: broadcasts.append(1) or sync()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer, gradients = torch.optim.SGD(trained, lr=0.0), []
    optimizer.register_step_pre_hook(
        lambda *_: gradients.append([p.grad.clone() for p in trained])
    )
    optim_wrapper = OptimWrapper(optimizer)
    for _ in range(STEPS):
        wrapped.train_step(batch_of(rank), optim_wrapper)
    result = dict(
        exchanged=exchanged,
        broadcasts=len(broadcasts),
        find_unused_parameters=wrapped.find_unused_parameters,
        gradients=gradients[-1],
    )
    torch.save(result, out / f"{rank}.pth")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("phase", type=int)
    parser.add_argument("config")
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    train(arguments.phase, arguments.config, arguments.out)
    close_processes()
