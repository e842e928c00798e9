"""One of the processes of test_distributed_matching.py."""

import argparse
from pathlib import Path

import torch
from mmengine.dataset import DefaultSampler, default_collate
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from torch import distributed
from torch.utils.data import DataLoader

from lpt_mm.engine.hooks.key_init_hook import extract_queries
from lpt_mm.engine.hooks.matching_hook import read_co_choice
from lpt_mm.engine.processes import close_processes
from tests.test_engine.test_distributed_gradients import STEPS, batch_of, build_model
from tests.test_engine.test_distributed_matching import images


def main(out: Path) -> None:
    """Train a few steps, compute queries, and save what comes of it."""
    distributed.init_process_group("gloo")
    rank = distributed.get_rank()
    model = build_model(phase=2)
    wrapped = MMDistributedDataParallel(model, broadcast_buffers=True)
    trained = [p for p in model.parameters() if p.requires_grad]
    optim_wrapper = OptimWrapper(torch.optim.SGD(trained, lr=0.0))
    for _ in range(STEPS):
        wrapped.train_step(batch_of(rank), optim_wrapper)
    dataset = images()
    loader = DataLoader(
        dataset,
        batch_size=2,
        sampler=DefaultSampler(dataset, shuffle=False),
        collate_fn=default_collate,
    )
    result = dict(
        own=model.neck.co_choice.clone(),
        all=torch.from_numpy(read_co_choice(model.neck)),
        left=torch.from_numpy(read_co_choice(model.neck)),
        queries=extract_queries(model, loader),
    )
    torch.save(result, out / f"{rank}.pth")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    main(parser.parse_args().out)
    close_processes()
