"""Parameters, arithmetic and size on disk of a config's model."""

from dataclasses import asdict, dataclass

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor

from lpt_mm.cost.resources import count_flops
from lpt_mm.cost.workload import Workload
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable
from lpt_mm.weights.identity import digest_positions, leave_out_backbone

BATCH_SIZE = 4  # the least that has two images of each sampling
CPU = torch.device("cpu")


@dataclass(frozen=True)
class ModelCost:
    """What a model costs, whatever the machine.

    Args:
        trained_parameters: Parameters that are trained.
        trained_parameters_beside_head: Those outside of the classifier.
        parameters: Parameters.
        parameters_beside_head: Those outside of the classifier.
        infer_flops_per_image: Floating point operations to classify an image.
        train_flops_per_image: Floating point operations of an image in a training step.
        model_bytes: Tensors of the model that are saved: without the layers that come
            from pre-trained weights and are frozen.
        checkpoint_bytes: Those and the tensors of the optimizer, to resume from.
    """

    trained_parameters: int
    trained_parameters_beside_head: int
    parameters: int
    parameters_beside_head: int
    infer_flops_per_image: float
    train_flops_per_image: float
    model_bytes: int
    checkpoint_bytes: int

    @property
    def trained_share(self) -> float:
        """Share of the parameters that is trained."""
        return self.trained_parameters / self.parameters

    @property
    def trained_share_beside_head(self) -> float:
        """Share of the parameters outside of the classifier that is trained."""
        return self.trained_parameters_beside_head / self.parameters_beside_head

    def as_dict(self) -> dict[str, float]:
        """Return the numbers for JSON; shares are between 0 and 1."""
        return asdict(self) | dict(
            trained_share=self.trained_share,
            trained_share_beside_head=self.trained_share_beside_head,
        )


def measure_cost(cfg: Config) -> ModelCost:
    """Count what a config's model costs; no pre-trained weights are loaded.

    Operations are those of products of matrices, as :func:`count_flops` counts them, in
    a batch of 4 images: what is computed once for a batch is shared by them. They are
    those of computing on the CPU in the config's precision. A config that trains
    nothing is a ``ValueError``.
    """
    if cfg.get("optim_wrapper") is None:
        raise UserError(
            f"{printable(cfg.filename)} trains nothing (optim_wrapper=None): name a "
            "config that is for training"
        )
    init_default_scope(cfg.get("default_scope", "mmengine"))
    infer = count_flops(Workload(cfg, "infer", BATCH_SIZE, CPU, amp=False).run)
    workload = Workload(cfg, "train", BATCH_SIZE, CPU, amp=False)
    trained = workload.count_parameters(trained=True)
    total = workload.count_parameters()
    head = list(workload.model.head.parameters())
    model_bytes = _size_of_model(workload, cfg.model.backbone.get("init_cfg"))
    return ModelCost(
        trained_parameters=trained,
        trained_parameters_beside_head=trained
        - sum(p.numel() for p in head if p.requires_grad),
        parameters=total,
        parameters_beside_head=total - sum(p.numel() for p in head),
        infer_flops_per_image=infer / BATCH_SIZE,
        train_flops_per_image=count_flops(workload.run) / BATCH_SIZE,
        model_bytes=model_bytes,
        checkpoint_bytes=model_bytes + _size_of_optimizer(workload),
    )


def full_fine_tuning(cfg: Config) -> Config:
    """Train the whole transformer of a ``PromptedViT``, instead of prompts and neck."""
    cfg = Config(cfg.to_dict(), filename=cfg.filename)
    cfg.model.neck = None
    cfg.model.backbone.update(prompt_mode="none", frozen=False, frozen_dtype="float32")
    return cfg


def _size_of_model(workload: Workload, pretrained: dict | None) -> int:
    """Add up what ``PlainCheckpointHook`` keeps of the model, in bytes."""
    state, backbone = workload.model.state_dict(), workload.model.backbone
    if backbone.frozen and pretrained:
        positions = digest_positions(backbone.state_dict())  # as long as the source's
        source = dict(source=pretrained["checkpoint"], positions=positions)
        identity = backbone.identity | source
        state = leave_out_backbone(state, identity)
    return sum(tensor.nbytes for tensor in state.values())


def _size_of_optimizer(workload: Workload) -> int:
    """Add up the state of the optimizer after a step, in bytes."""
    states = workload.optim_wrapper.optimizer.state_dict()["state"].values()
    values = (value for state in states for value in state.values())
    return sum(value.nbytes for value in values if isinstance(value, Tensor))
