"""One of the processes of test_distributed_starts.py."""

import argparse
from pathlib import Path

import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.utils import get_ori_model

from lpt_mm.engine.processes import close_processes
from lpt_mm.engine.run_config import load_config
from tests.conftest import ROOT

OPTIONS = {
    "phase1_work_dir": None,
    "log_level": "ERROR",
    "train_cfg.max_epochs": 1,
    "train_dataloader.batch_size": 16,
    "train_dataloader.dataset.dataset.indices": list(range(0, 329, 4)),  # an odd number
    "model.backbone.frozen_prompts": False,
    "model.backbone.prompt_init": "tokens",
    "model.neck.key_init": "kmeans",
    "model.neck.prompt_init": "tokens",
    "model.neck.pool_size": 5,
    "model.neck.center": True,
    "model.head.center": True,
    "model.head.head_init": "class_means",
}


class Start(Hook):
    """Note the state of the model before its first step."""

    priority = "LOWEST"

    def before_train(self, runner: Runner) -> None:
        """Note it."""
        state = get_ori_model(runner.model).state_dict()
        self.state = {name: tensor.clone() for name, tensor in state.items()}


def run(out: Path, launcher: str) -> None:
    """Begin a run, and save its model as it was before the first step."""
    options = OPTIONS | {
        f"default_hooks.{name}.cache_dir": str(out / f"cache{get_rank()}")
        for name in ("head_init", "group_prompt_init")
    }
    config = str(ROOT / "configs" / "lpt" / "phase2_digits_lt.py")
    runner = Runner.from_cfg(load_config(config, options, str(out / "run"), launcher))
    runner.register_hook(start := Start())
    runner.train()
    torch.save(start.state, out / f"{get_rank()}.pth")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("launcher")
    arguments = parser.parse_args()
    torch.set_default_dtype(torch.float64)
    run(arguments.out, arguments.launcher)
    close_processes()
