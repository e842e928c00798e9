"""What a run starts from, whoever starts it."""

from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from mmengine import dist
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import BaseLoop, Runner
from mmpretrain.registry import HOOKS

from lpt_mm.engine import start as rules
from lpt_mm.engine.runner_state import classifier_of
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.sources import local_file


@HOOKS.register_module()
class StartHook(Hook):
    """Decide what a run starts from, and refuse what it cannot start from.

    Phase 2 takes up the finished phase 1 of ``phase1_work_dir`` unless a checkpoint is
    named, and never trains with prompts or tunings that are random and frozen. Weights
    must fit the model, the classes and their order be those of the training set. A
    training has its folder for itself. The first process decides for all; machines that
    do not have the checkpoint get it from there.
    """

    priority = "HIGHEST"  # before hooks that look at the model's weights

    def __init__(self) -> None:
        self._copy: TemporaryDirectory | None = None
        self._has_trained = False

    def before_run(self, runner: Runner) -> None:
        """Decide, and check."""
        decision = [None, False, False]
        if dist.is_main_process():
            decision = list(self._decide(runner))
        dist.broadcast_object_list(decision)
        checkpoint, resume, is_whole = decision
        if checkpoint is not None:
            self._copy = _fetch_from_first(checkpoint, runner.work_dir)
            if self._copy is not None:
                checkpoint = str(Path(self._copy.name) / Path(checkpoint).name)
        runner._load_from, runner._resume = checkpoint, resume
        if is_whole:
            classifier_of(runner.model).backbone.init_cfg = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Remove the copy of a file of another machine."""
        if self._copy is not None:
            self._copy.cleanup()

    def before_train(self, runner: Runner) -> None:
        """Refuse frozen prompts and tunings that nothing was loaded into."""
        self._has_trained = True
        backbone = getattr(classifier_of(runner.model), "backbone", None)
        is_frozen = getattr(backbone, "frozen_prompts", False)
        if not is_frozen or backbone.tuned_loaded or not backbone.tuned_state():
            return
        raise UserError(
            "the shared prompts and tunings are frozen (frozen_prompts), but nothing "
            "was loaded into them: train phase 1, and set phase1_work_dir or load_from "
            "in the config"
        )

    def after_run(self, runner: Runner) -> None:
        """Let other runs have the folder."""
        rules.unlock_run_folder(runner.work_dir)

    def _decide(self, runner: Runner) -> tuple[str | None, bool, bool]:
        """Find checkpoint and resume, and tell whether it brings the whole backbone."""
        cfg = runner.cfg
        training = isinstance(runner._train_loop, BaseLoop) and not self._has_trained
        start = rules.Start(runner._load_from, bool(runner._resume) and training)
        if training:
            phase1 = cfg.get("phase1_work_dir")
            start = rules.find_start(start, runner.work_dir, phase1, cfg.filename)
            rules.check_run_folder(_checkpoint_folder(runner), start)
            rules.lock_run_folder(runner.work_dir)
        if start.checkpoint is None or runner._has_loaded:
            is_needed = not training and cfg.get("train_cfg") is not None
            if start.checkpoint is None and is_needed and not self._has_trained:
                runner.logger.warning(
                    "no checkpoint is loaded (load_from): unless the model got its "
                    "weights otherwise, they are random"
                )
            return *start, False
        start = start._replace(checkpoint=local_file(start.checkpoint))
        weights = rules.check_weights(classifier_of(runner.model), start, training)
        if training:
            dataset = runner.train_dataloader.dataset
            rules.check_classes_of(weights, dataset.metainfo.get("classes"))
        return *start, not weights.is_light


def _checkpoint_folder(runner: Runner) -> str:
    """Name the folder of a run's checkpoints, as ``CheckpointHook`` does."""
    hooks = (hook for hook in runner.hooks if isinstance(hook, CheckpointHook))
    out_dir = next((hook.out_dir for hook in hooks), None)
    if out_dir is None or out_dir == runner.work_dir:
        return runner.work_dir
    return str(Path(out_dir) / Path(runner.work_dir).name)


def _fetch_from_first(checkpoint: str, folder: str) -> TemporaryDirectory | None:
    """Copy the first process's file into a new folder, unless the same is here."""
    if dist.get_world_size() == 1:
        return None
    content = Path(checkpoint).read_bytes() if Path(checkpoint).is_file() else b""
    digest = sha256(content).digest()
    digests = dist.all_gather_object(digest)
    if len(set(digests)) == 1:
        return None
    received = [content if dist.is_main_process() else None]
    dist.broadcast_object_list(received)
    if digest == digests[0]:
        return None
    copy = TemporaryDirectory(prefix=".from_first_machine_", dir=folder)
    (Path(copy.name) / Path(checkpoint).name).write_bytes(received[0])
    return copy
