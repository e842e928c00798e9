"""One of the processes of test_processes.py."""

import argparse
import zlib
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner

from lpt_mm.engine.processes import close_processes
from lpt_mm.engine.run_config import load_config
from lpt_mm.engine.start import latest_checkpoint
from tests.conftest import ROOT

CONFIGS = ROOT / "configs" / "lpt"
# 4 steps an epoch and 63 images left, whatever the number of processes.
IMAGES, TOTAL_BATCH, EPOCHS = 319, 64, 3
TESTED = (739, 1)  # the second is less than one for each process


class Record(Hook):
    """Note the images of each step, after augmentation."""

    def __init__(self) -> None:
        self.steps = []

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Note sampling, index and checksum of each image of this process."""
        images = zip(data_batch["data_samples"], data_batch["inputs"], strict=True)
        self.steps.append(
            [
                (
                    sample.sampling,
                    sample.sample_idx,
                    zlib.crc32(image.numpy().tobytes()),
                )
                for sample, image in images
            ]
        )


def complete(cfg: Config, work_dir: Path) -> Config:
    """Set the batch of a process, and take out what is drawn per process."""
    options = {
        "work_dir": str(work_dir),
        "experiment_name": f"{work_dir.parent.name}_{work_dir.name}",
        "log_level": "ERROR",
        "train_cfg.max_epochs": EPOCHS,
        "train_dataloader.batch_size": TOTAL_BATCH // get_world_size(),
        "train_dataloader.dataset.dataset.indices": IMAGES,
        "model.head.dropout": 0.0,
        "model.head.loss.noise_mul": 0.0,
        "model.head.instance_loss.noise_mul": 0.0,
    }
    cfg.merge_from_dict(options)
    return cfg


def train(cfg: Config) -> dict:
    """Train; return the images of this process, and the model."""
    runner, record = Runner.from_cfg(cfg), Record()
    runner.register_hook(record)
    model = runner.train()
    model = getattr(model, "module", model)
    weights = dict(model.named_parameters())
    return dict(steps=record.steps, weights={k: v.data for k, v in weights.items()})


def test(cfg: Config, images: int) -> dict:
    """Test on the first images."""
    cfg.merge_from_dict(
        {
            "test_dataloader.dataset.indices": images,
            "test_dataloader.batch_size": 100,
            "load_from": latest_checkpoint(cfg.work_dir),
            "experiment_name": f"{cfg.experiment_name}_{images}",
        }
    )
    return Runner.from_cfg(cfg).test()


def run(out: Path, launcher: str) -> None:
    """Train phase 1 and, from it, phase 2; test; save what happened."""
    config = str(CONFIGS / "phase1_digits_lt.py")
    phase1 = load_config(config, launcher=launcher)  # starts the process group
    phase2 = Config.fromfile(CONFIGS / "phase2_digits_lt.py")
    phase2.launcher = launcher
    if "model_wrapper_cfg" in phase1:
        phase2.model_wrapper_cfg = phase1.model_wrapper_cfg
    phase1, phase2 = complete(phase1, out / "phase1"), complete(phase2, out / "phase2")
    result = dict(phase1=train(phase1))
    phase2.load_from = latest_checkpoint(phase1.work_dir)
    result |= dict(phase2=train(phase2), tests=[test(phase2, n) for n in TESTED])
    torch.save(result, out / f"{get_rank()}.pth")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("processes", type=int)
    arguments = parser.parse_args()
    torch.set_default_dtype(torch.float64)
    run(arguments.out, "pytorch" if arguments.processes > 1 else "none")
    close_processes()
