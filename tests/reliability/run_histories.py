"""Interrupt, change and resume runs at random, and hold them against a small model.

    python tests/reliability/run_histories.py --histories 50 --seed 0

A history of digits-LT is a few sittings: each begins or resumes the run, by the tool,
by the Runner or by two processes, perhaps with other settings, and is stopped after
some steps. The model knows from formulas alone where a sitting begins, whether it is
refused, and the learning rate and beta of each step; the images of a step are those of
a run that was left alone, and so are the final weights if no setting changed.
"""

import argparse
import json
import math
import os
import runpy
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from rich.console import Console
from rich.progress import track

import lpt_mm  # noqa: F401 (registers the components)
from lpt_mm.engine.start import latest_checkpoint

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "configs" / "lpt" / "phase1_digits_lt.py"
IMAGES, FULL_BATCH, ETA, START = 335, 64, 0.5, 1e-3
WAYS = ("tool", "runner", "two processes")
HOOK = "default_hooks.checkpoint"


@HOOKS.register_module()
class Sitting(Hook):
    """Note each step in a file, and stop after some steps as Ctrl-C does."""

    def __init__(self, record: str, stop_after: int | None = None) -> None:
        self.record = record
        self.stop_after = stop_after
        self.count = 0

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Note the step."""
        self.count += 1
        model = getattr(runner.model, "module", runner.model)
        facts = dict(
            step=runner.iter,
            rate=runner.optim_wrapper.get_lr()["lr"][0],
            beta=model.beta,
            seen=data_batch["inputs"].double().sum().item(),
        )
        if is_main_process():
            with open(self.record, "a") as file:
                file.write(json.dumps(facts) + "\n")

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Stop before the step if there were enough."""
        if self.count == self.stop_after:
            raise KeyboardInterrupt


@dataclass(frozen=True)
class Settings:
    """What a user may change between two sittings."""

    epochs: int = 3
    batch: int = 64
    accumulate: int = 1
    rate: float = 0.02

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return IMAGES // self.batch

    def rate_at(self, step: int) -> float:
        """Learning rate of a step: linear warm-up times half a cosine."""
        run = self.epochs * self.steps
        warmup = min(max(2, self.steps), run // 2)
        rise = 1.0
        if warmup >= 2:
            rise = min(1.0, START + (1 - START) * step / (warmup - 1))
        scaled = self.rate * self.batch * self.accumulate / FULL_BATCH
        return scaled * rise * (1 + math.cos(math.pi * step / run)) / 2

    def beta_at(self, epoch: int) -> float:
        """Weight of the instance-balanced loss."""
        return ETA * (self.epochs - epoch) / self.epochs


@dataclass(frozen=True)
class Saved:
    """Where the newest checkpoint is in the run, and its settings."""

    epoch: int = 0
    done: int = 0
    settings: Settings | None = None

    def start(self, new: Settings) -> tuple[int, int] | None:
        """Epoch and step where a sitting begins; None if it is refused."""
        if self.settings is None:
            return 0, 0
        if new.epochs < self.epoch:
            return None
        if not self.done:
            return self.epoch, 0
        same = replace(new, epochs=0, rate=0) == replace(
            self.settings, epochs=0, rate=0
        )
        if not same:
            return None
        if self.done == new.steps:
            return self.epoch + 1, 0
        return self.epoch, self.done - self.done % new.accumulate


@dataclass
class History:
    """A run in a folder, that is saved each epoch or every second step."""

    folder: Path
    by_epoch: bool

    def sit(
        self, settings: Settings, way: str, stop_after: int | None = None
    ) -> tuple[list[dict], str]:
        """Begin or resume the run; return its steps, and how it ended."""
        record = self.folder / "record.jsonl"
        record.unlink(missing_ok=True)
        config = self._write_config(settings, way, record, stop_after)
        if way == "two processes":
            message = _run_two_processes(self.folder, config)
        elif way == "tool":
            message = _run_tool(config)
        else:
            message = _run_runner(config)
        lines = record.read_text().splitlines() if record.is_file() else []
        return [json.loads(line) for line in lines], message

    def _write_config(
        self, settings: Settings, way: str, record: Path, stop_after: int | None
    ) -> Path:
        processes = 2 if way == "two processes" else 1
        values = dict(
            _base_=[str(BASE)],
            custom_imports=dict(imports=["lpt_mm", "run_histories"]),
            custom_hooks=[
                dict(type="Sitting", record=str(record), stop_after=stop_after)
            ],
            work_dir=str(self.folder / "run"),
            resume=True,
            log_level="ERROR",
            train_cfg=dict(max_epochs=settings.epochs, val_interval=99),
            train_dataloader=dict(batch_size=settings.batch // processes),
            optim_wrapper=dict(
                accumulative_counts=settings.accumulate,
                optimizer=dict(lr=settings.rate),
            ),
            default_hooks=dict(
                checkpoint=dict(
                    by_epoch=self.by_epoch, interval=1 if self.by_epoch else 2
                )
            ),
        )
        path = self.folder / "history.py"
        path.write_text("".join(f"{k} = {v!r}\n" for k, v in values.items()))
        return path

    def saved(self, steps: list[dict], before: Saved, settings: Settings) -> Saved:
        """What the newest checkpoint is after a sitting, by the rule of saving."""
        if not steps:
            return before
        found = before
        for facts in steps:
            epoch, i = divmod(facts["step"], settings.steps)
            if self.by_epoch and i + 1 == settings.steps:
                found = Saved(epoch + 1, 0, settings)
            elif not self.by_epoch and (facts["step"] + 1) % 2 == 0:
                found = Saved(epoch, i + 1, settings)
        last = settings.epochs * settings.steps - 1
        if not self.by_epoch and steps[-1]["step"] == last:
            found = Saved(settings.epochs - 1, settings.steps, settings)
        return found


def _run_tool(config: Path) -> str:
    sys.argv = ["train.py", str(config), "--resume"]
    try:
        runpy.run_path(str(ROOT / "tools" / "train.py"), run_name="__main__")
    except SystemExit as end:
        return str(end.code)
    return ""


def _run_runner(config: Path) -> str:
    try:
        Runner.from_cfg(Config.fromfile(config)).train()
    except KeyboardInterrupt:
        return "stopped"
    except (ValueError, OSError) as error:
        return f"error: {error}"
    return ""


def _run_two_processes(folder: Path, config: Path) -> str:
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    launch += ["--nproc_per_node=2", str(ROOT / "tools" / "train.py"), str(config)]
    paths = [str(ROOT), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [*launch, "--launcher", "pytorch", "--resume"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr if done.returncode else ""


@cache
def left_alone(settings: Settings, by_epoch: bool) -> tuple[dict[int, float], dict]:
    """Train in one sitting; return what each step saw, and the final state."""
    with tempfile.TemporaryDirectory() as folder:
        history = History(Path(folder), by_epoch)
        steps, message = history.sit(settings, "runner")
        assert not message, message
        final = latest_checkpoint(str(history.folder / "run"))
        state = torch.load(final, weights_only=True)["state_dict"]
    return {facts["step"]: facts["seen"] for facts in steps}, state


def draw_settings(rng: np.random.Generator, before: Settings) -> Settings:
    """Keep the settings, or change one or two of them."""
    choices = dict(
        epochs=[1, 2, 3, 4],
        batch=[32, 64, 128],
        accumulate=[1, 2, 3],
        rate=[0.02, 0.005],
    )
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        name = rng.choice(list(choices))
        value = rng.choice(choices[name]).item()
        before = replace(before, **{name: value})
    return before


def check_steps(
    steps: list[dict], begin: int, settings: Settings, way: str, by_epoch: bool
) -> None:
    """Compare the steps of a sitting with the formulas."""
    assert [f["step"] for f in steps] == list(range(begin, begin + len(steps)))
    seen = {}
    if way != "two processes":  # which see a half each
        seen, _ = left_alone(replace(settings, epochs=4, rate=0.02), by_epoch)
    for facts in steps:
        step = facts["step"]
        # Products of as many factors as there were steps.
        assert math.isclose(facts["rate"], settings.rate_at(step), rel_tol=1e-6), facts
        assert math.isclose(facts["beta"], settings.beta_at(step // settings.steps))
        assert facts["seen"] == seen.get(step, facts["seen"]), "other images"


def live(rng: np.random.Generator, folder: Path, ways: list[str]) -> str:
    """Live through a history; return what it was, and raise where the model fails."""
    history = History(folder, by_epoch=bool(rng.random() < 0.5))
    settings = draw_settings(rng, Settings())
    saved, story, constant = Saved(), [f"by_epoch={history.by_epoch}"], True
    for sitting in range(rng.integers(2, 5)):
        new = draw_settings(rng, settings) if sitting else settings
        way, stop = rng.choice(ways), int(rng.integers(1, 12))
        begin = saved.start(new)
        story.append(f"{way} {new} from {saved} stopped after {stop}: {begin}")
        try:
            steps, message = history.sit(new, way, stop)
            if begin is None:
                assert "Error" in message or message.startswith("error: "), message
                assert not steps
                continue
            constant &= way != "two processes" and new == settings
            settings = new
            place = begin[0] * new.steps + begin[1]
            expected = min(stop, max(0, new.epochs * new.steps - place))
            assert len(steps) == expected, f"{len(steps)} steps: {message[-2000:]}"
            check_steps(steps, place, new, way, history.by_epoch)
            saved = history.saved(steps, saved, new)
        except AssertionError as error:
            raise AssertionError("\n".join([*story, str(error)])) from error
    if constant:
        _, message = history.sit(settings, "runner")
        assert not message, "\n".join([*story, message])
        final = latest_checkpoint(str(folder / "run"))
        state = torch.load(final, weights_only=True)["state_dict"]
        _, expected = left_alone(settings, history.by_epoch)
        assert all(torch.equal(state[k], expected[k]) for k in expected), story
    return "constant" if constant else "changed"


def main() -> int:
    """Live through many histories."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    args = parser.parse_args()
    kinds, failures = [], []
    # The bar has no thread: forks would inherit its lock, and may wait for it.
    items = track(range(args.histories), "histories", auto_refresh=False)
    for i in items:
        rng = np.random.default_rng([args.seed, i])
        with tempfile.TemporaryDirectory() as folder:
            try:
                kinds.append(live(rng, Path(folder), args.ways))
            except AssertionError as error:
                failures.append(f"history {i} of seed {args.seed}:\n{error}")
    same = kinds.count("constant")
    Console().print(
        f"{len(kinds)} as the model says ({same} without a change, bit for bit), "
        f"{len(failures)} not",
        *failures[:5],
        sep="\n",
        markup=False,
    )
    return int(bool(failures))


if __name__ == "__main__":
    sys.modules["run_histories"] = sys.modules["__main__"]  # as configs import it
    sys.exit(main())
