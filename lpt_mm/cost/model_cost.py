"""Parameters, arithmetic and size on disk of a config's model."""

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor

from lpt_mm.cost.resources import count_flops
from lpt_mm.cost.workload import Workload, count_parameters
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable
from lpt_mm.weights.identity import digest_positions, leave_out_backbone

BATCH_SIZE = 4  # the least that has two images of each sampling
CPU = torch.device("cpu")


def measure_cost(cfg: Config) -> dict[str, float]:
    """Count what a config's model costs, whatever the machine; it gets no weights.

    Operations are those of an image of a batch of 4, as :func:`count_flops` counts them
    on the CPU, and bytes those of tensors that are saved: of the model without frozen
    layers that come from pre-trained weights; of a checkpoint with the state of the
    optimizer, too. A config that trains nothing is a ``ValueError``.
    """
    if cfg.get("optim_wrapper") is None:
        raise UserError(
            f"{printable(cfg.filename)} trains nothing (optim_wrapper=None): name a "
            "config that is for training"
        )
    init_default_scope(cfg.get("default_scope", "mmengine"))
    infer = count_flops(Workload(cfg, "infer", BATCH_SIZE, CPU, amp=False).run)
    workload = Workload(cfg, "train", BATCH_SIZE, CPU, amp=False)
    trained, total = count_parameters(workload.model)
    head_trained, head_total = count_parameters(workload.model.head)
    model_bytes = _size_of_model(workload, cfg.model.backbone.get("init_cfg"))
    states = workload.optim_wrapper.optimizer.state_dict()["state"].values()
    values = (value for state in states for value in state.values())
    optimizer_bytes = sum(value.nbytes for value in values if isinstance(value, Tensor))
    return dict(
        trained_parameters=trained,
        trained_parameters_beside_head=trained - head_trained,
        parameters=total,
        parameters_beside_head=total - head_total,
        infer_flops_per_image=infer / BATCH_SIZE,
        train_flops_per_image=count_flops(workload.run) / BATCH_SIZE,
        model_bytes=model_bytes,
        checkpoint_bytes=model_bytes + optimizer_bytes,
        trained_share=trained / total,
        trained_share_beside_head=(trained - head_trained) / (total - head_total),
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
        state = leave_out_backbone(state, backbone.identity | source)
    return sum(tensor.nbytes for tensor in state.values())
