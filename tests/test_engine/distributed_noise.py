"""One of the processes of test_gnm_optim_wrapper.py."""

import sys
from pathlib import Path

import torch
from mmengine.logging import MessageHub
from torch import distributed, nn

from lpt_mm.engine.optimizers import GNMOptimWrapper
from lpt_mm.engine.processes import close_processes

if __name__ == "__main__":
    distributed.init_process_group("gloo")
    rank = distributed.get_rank()
    torch.manual_seed(rank)  # as in a run, where loss noise and dropout differ
    model = nn.parallel.DistributedDataParallel(nn.Linear(5, 3))
    wrapper = GNMOptimWrapper(torch.optim.SGD(model.parameters(), lr=0.5))
    wrapper.message_hub = MessageHub("noise")
    wrapper.message_hub.update_info_dict(dict(seed=3, iter=7, epoch=0))
    weight = model.module.weight
    states = [weight.detach().clone()]
    with wrapper.optim_context(model):
        states.append(weight.detach().clone())
        loss = model(torch.randn(4, 5)).square().mean()
    wrapper.update_params(loss)
    states.append(weight.detach().clone())
    torch.save(states, Path(sys.argv[1]) / f"{rank}.pth")
    close_processes()
