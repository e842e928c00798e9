"""Testing on several crops of each image."""

from collections.abc import Mapping, Sequence

import torch
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner, TestLoop
from mmengine.runner.amp import autocast
from mmpretrain.models.heads import ClsHead
from mmpretrain.registry import LOOPS
from mmpretrain.structures import DataSample

from lpt_mm.datasets.training_images import pipeline_of, with_pipeline
from lpt_mm.engine.crop_ensemble import CropEnsemble
from lpt_mm.engine.runner_state import classifier_of
from lpt_mm.utils.errors import UserError


@LOOPS.register_module()
class EnsembleTestLoop(TestLoop):
    """``TestLoop`` with test-time ensembling, see :class:`CropEnsemble`.

    The model is given a crop of each image of a batch, and then the next: it never
    holds more than a batch. The config's test pipeline stays as it is, and is changed
    for the images of this loop alone. The model can be any classifier of mmpretrain
    that gives an image one class.

    Args:
        runner: The runner.
        dataloader: Config of the loader.
        evaluator: The evaluator, or its config.
        fp16: Whether to compute in mixed precision.
        num_crops: As of ``CropEnsemble``.
        expand: As of ``CropEnsemble``; by default 1.5 patches of the backbone.
        mean: As of ``CropEnsemble``.

    Raises:
        UserError: If the test pipeline has a transform that is not understood, or an
            image can have many classes.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: Mapping,
        evaluator: Evaluator | dict | list,
        fp16: bool = False,
        num_crops: int = 5,
        expand: int | None = None,
        mean: str = "logits",
    ) -> None:
        if not isinstance(dataloader, Mapping):
            raise UserError(
                "EnsembleTestLoop changes the transforms: give test_dataloader as a "
                f"config, not as a {type(dataloader).__name__}"
            )
        model = classifier_of(runner.model)
        if not isinstance(model.head, ClsHead):
            raise UserError(
                "EnsembleTestLoop averages scores of one class an image, and cannot "
                f"those of {type(model.head).__name__}"
            )
        backbone = model.backbone
        self.ensemble = CropEnsemble.of(backbone, expand, num_crops, mean)
        dataset = dataloader["dataset"]
        pipeline = self.ensemble.pipeline(pipeline_of(dataset), backbone)
        dataloader = dict(dataloader, dataset=with_pipeline(dataset, pipeline))
        super().__init__(runner, dataloader, evaluator, fp16)
        runner.logger.info(f"testing by the {self.ensemble}")

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: dict) -> None:
        """Test on a batch of images, whose ``inputs`` are (B, crops, C, H, W)."""
        self.runner.call_hook("before_test_iter", batch_idx=idx, data_batch=data_batch)
        with autocast(enabled=self.fp16):
            outputs = self._predict(data_batch)
        self.evaluator.process(data_samples=outputs, data_batch=data_batch)
        self.runner.call_hook(
            "after_test_iter", batch_idx=idx, data_batch=data_batch, outputs=outputs
        )

    def _predict(self, data_batch: dict) -> Sequence[DataSample]:
        model, inputs = classifier_of(self.runner.model), data_batch["inputs"]
        if not isinstance(inputs, torch.Tensor):  # of pseudo_collate
            inputs = torch.stack(list(inputs))
        logits = []
        for crops in inputs.unbind(dim=1):
            batch = model.data_preprocessor(dict(data_batch, inputs=crops))
            logits.append(model(batch["inputs"], mode="tensor"))
        scores = self.ensemble.average(logits).softmax(dim=1)
        labels = scores.argmax(dim=1, keepdim=True)
        samples = batch["data_samples"]
        for sample, score, label in zip(samples, scores, labels, strict=True):
            sample.set_pred_score(score).set_pred_label(label)
        return samples
