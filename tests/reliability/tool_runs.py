"""Runs of every tool that takes a checkpoint, in this process and of a second."""

import contextlib
import gc
import os
import runpy
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.hooks import runtime_info_hook
from mmengine.runner import Runner, runner
from mmpretrain import get_model
from sklearn import datasets

import lpt_mm
from lpt_mm.inference import Predictor  # noqa: F401 (before processes are forked)
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.pack import read_pack
from lpt_mm.weights.reading import read_file

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tools"
TRAIN, TEST = TOOLS / "train.py", TOOLS / "test.py"
CONFIG = """
_base_ = "{root}/configs/lpt/phase{phase}_digits_lt.py"
_few = dict(dataset=dict(indices=20))
train_dataloader = dict(batch_size=60, dataset=dict(dataset=dict(indices=120)))
val_dataloader = _few
test_dataloader = _few
train_cfg = dict(max_epochs=3, val_interval=1)
val_evaluator = dict(thresholds=(2, 5))
test_evaluator = val_evaluator
default_hooks = dict(
    checkpoint=dict(interval=1, max_keep_ckpts=1, save_best="long_tail/overall",
                    rule="greater"),
)
"""


def prepare(folder: Path) -> None:
    """Write the configs, and import what the tools need before processes are forked.

    Args:
        folder: Where the configs go: ``phase1.py``, ``phase2.py``.
    """
    for phase in (1, 2):
        file = folder / f"phase{phase}.py"
        file.write_text(CONFIG.format(root=ROOT, phase=phase))
        Config.fromfile(file).dump(file)  # in one file, which is read more quickly
    analyses = (TOOLS / "analysis_tools" / f"{n}.py" for n in ("features", "matching"))
    converters = (TOOLS / "model_converters").glob("*.py")
    for script in (TRAIN, TEST, *analyses, *converters):
        runpy.run_path(str(script), run_name="imported")
    import matplotlib.pyplot  # noqa: F401
    import sklearn.discriminant_analysis
    import sklearn.manifold  # noqa: F401

    _leave_out()


def _leave_out() -> None:
    """Leave out what takes most of the time, and has nothing to do with checkpoints."""
    # These ask the compiler and git for their versions.
    runner.collect_env = dict
    runner.get_git_hash = runtime_info_hook.get_git_hash = str
    Config.pretty_text = property(lambda cfg: repr(cfg.to_dict()))
    datasets.load_digits = cache(datasets.load_digits)
    datasets.load_digits()
    gc.collect()
    gc.freeze()  # data sets collect garbage when they are built


def run(script: Path, *arguments: object) -> None:
    """Run a script as a program."""
    sys.argv = [str(script), *map(str, arguments)]
    runpy.run_path(str(script), run_name="__main__")


def make_originals(configs: Path, folder: Path) -> None:
    """Train, and save in every way that the tools know.

    Args:
        configs: Folder of the configs.
        folder: Where the files go.
    """
    os.chdir(folder)
    options = ("--cfg-options", "default_hooks.checkpoint.max_keep_ckpts=-1")
    first, second = configs / "phase1.py", configs / "phase2.py"
    whole = "default_hooks.plain_checkpoint.with_backbone=True"
    by_step = ("default_hooks.checkpoint.by_epoch=False", "train_cfg.max_epochs=2")
    two = "train_cfg.max_epochs=2"
    run(TRAIN, first, "--work-dir", "light1", *options, two)
    run(TRAIN, first, "--work-dir", "steps", *options, *by_step, whole)
    phase1 = Path("light1/epoch_2.pth")
    run(TRAIN, second, "--work-dir", "light2", "--phase1", phase1, *options, two)
    shutil.copy(phase1, "1_light.pth")
    shutil.copy("light2/epoch_2.pth", "2_light.pth")
    shutil.copy("steps/iter_3.pth", "1_whole.pth")
    models = TOOLS / "model_converters"
    for phase, name in ((first, "1_whole"), (second, "2_light")):
        pack = f"{name[0]}_pack.safetensors"
        run(models / "publish_model.py", phase, f"{name}.pth", pack)
    run(models / "mm_to_lpt.py", "1_whole.pth", "1_official.pth")
    for name in ("light1", "light2", "steps"):
        shutil.rmtree(name)


def config_of(file: Path, configs: Path) -> Path:
    return configs / f"phase{file.name[0]}.py"


def resume(file: Path, configs: Path) -> None:
    run(TRAIN, config_of(file, configs), "--resume", file, "--work-dir", "run")


def resume_latest(file: Path, configs: Path) -> None:
    Path("run").mkdir()
    shutil.copy(file, "run/epoch_2.pth")
    Path("run/last_checkpoint").write_text(str(Path("run/epoch_2.pth").absolute()))
    run(TRAIN, config_of(file, configs), "--resume", "--work-dir", "run")


def start_phase2(file: Path, configs: Path) -> None:
    options = ("--work-dir", "run", "--cfg-options", "train_cfg.max_epochs=1")
    run(TRAIN, configs / "phase2.py", "--phase1", file, *options)


def follow_phase1(file: Path, configs: Path) -> None:
    """Let phase 2 find the file itself."""
    Path("phase1").mkdir()
    shutil.copy(file, f"phase1/epoch_2{file.suffix}")
    Path("phase1/last_checkpoint").write_text(f"epoch_2{file.suffix}")
    options = ("phase1_work_dir=phase1", "train_cfg.max_epochs=1")
    run(TRAIN, configs / "phase2.py", "--work-dir", "run", "--cfg-options", *options)


def use_backbone(file: Path, configs: Path) -> None:
    options = f"model.backbone.init_cfg.checkpoint={file}", "train_cfg.max_epochs=1"
    run(TRAIN, configs / "phase1.py", "--work-dir", "run", "--cfg-options", *options)


def test(file: Path, configs: Path) -> None:
    run(TEST, config_of(file, configs), file, "--work-dir", "run", "--out", "a.json")


def compare_features(file: Path, configs: Path) -> None:
    script = TOOLS / "analysis_tools" / "features.py"
    run(script, config_of(file, configs), file, "--out", "a.json")


def show_matching(file: Path, configs: Path) -> None:
    script = TOOLS / "analysis_tools" / "matching.py"
    run(script, config_of(file, configs), file, "--out", "a.json")


def describe_weights(file: Path, configs: Path) -> None:
    script = TOOLS / "model_converters" / "describe_weights.py"
    run(script, file, "--configs", configs)


def converter(name: str, suffix: str) -> Callable[[Path, Path], None]:
    """Make a run of a converter, whose result must be good."""

    def convert(file: Path, configs: Path) -> None:
        run(TOOLS / "model_converters" / f"{name}.py", file, f"out{suffix}")
        assert read_file(f"out{suffix}").is_plain

    return convert


def make_soup(file: Path, configs: Path) -> None:
    soup = TOOLS / "model_converters" / "soup.py"
    run(soup, file, file, "--out", "out.pth")
    assert read_file("out.pth").is_plain


def publish(file: Path, configs: Path) -> None:
    tool = TOOLS / "model_converters" / "publish_model.py"
    run(tool, config_of(file, configs), file, "out.safetensors")
    assert read_pack("out.safetensors")


def load_pack(file: Path, configs: Path) -> None:
    """Use the file as a pack, without its config."""
    with _raising(OSError, UserError):
        predictor = lpt_mm.load(file)
    (prediction,) = predictor(np.zeros((8, 8), np.uint8))
    assert len(prediction.labels) == 5 or prediction.error


def use_in_mmpretrain(file: Path, configs: Path) -> None:
    """Load the model as mmpretrain's users do, past the hooks of a run."""
    with _raising(Exception):
        get_model(str(config_of(file, configs)), pretrained=str(file))


def run_from_config(file: Path, configs: Path) -> None:
    """Resume without a tool, as in a notebook."""
    cfg = Config.fromfile(config_of(file, configs))
    cfg.merge_from_dict(dict(load_from=str(file), resume=True, work_dir="run"))
    with _raising(OSError, ValueError):
        Runner.from_cfg(cfg).train()


@contextlib.contextmanager
def _raising(*kinds: type[Exception]) -> Iterator[None]:
    """Let a function of a library end as a program would."""
    try:
        yield
    except kinds as error:
        sys.exit(f"error: {str(error).splitlines()[0]}")


RUNS: dict[str, Callable[[Path, Path], None]] = {
    "train.py --resume FILE": resume,
    "train.py --resume": resume_latest,
    "train.py --phase1 FILE": start_phase2,
    "train.py, phase1_work_dir": follow_phase1,
    "train.py, init_cfg.checkpoint": use_backbone,
    "Runner.from_cfg, resume=True": run_from_config,
    "test.py": test,
    "features.py": compare_features,
    "matching.py": show_matching,
    "describe_weights.py": describe_weights,
    "publish_model.py": publish,
    "lpt_mm.load": load_pack,
    "publish_backbone.py": converter("publish_backbone", ".pth"),
    "mm_to_lpt.py": converter("mm_to_lpt", ".pth"),
    "lpt_to_mm.py": converter("lpt_to_mm", ".pth"),
    "mmpretrain.get_model": use_in_mmpretrain,
    "soup.py": make_soup,
}
