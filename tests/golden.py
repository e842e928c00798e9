"""The reference numbers of ``tests/data``, and models that hold their weights."""

import json
from pathlib import Path

import numpy as np
import torch
from mmpretrain.registry import MODELS

from lpt_mm.weights.official import from_official
from lpt_mm.weights.weights import Weights

DATA = Path(__file__).resolve().parent / "data"


def load_golden(name):
    """Return the tensors of a file by name, and its meta information."""
    with np.load(DATA / f"{name}.npz") as file:
        meta = json.loads(str(file["meta"]))
        return {k: torch.tensor(file[k]) for k in file.files if k != "meta"}, meta


def tiny_lpt(phase, prompt_length=5, **backbone):
    """Return the config of a model as small as the golden ones."""
    cfg = dict(
        type="LPTClassifier",
        backbone=dict(
            type="PromptedViT",
            arch=dict(
                embed_dims=24, num_layers=4, num_heads=3, feedforward_channels=96
            ),
            img_size=16,
            patch_size=8,
            prompt_length=prompt_length,
            frozen_prompts=phase == 2,
            **backbone,
        ),
        head=dict(
            type="CosineHead",
            num_classes=7,
            dropout=0.0,
            loss=dict(type="AsymmetricGCLLoss"),
            instance_loss=dict(type="AsymmetricGCLLoss", gamma_pos=0.5, gamma_neg=8.0),
        ),
    )
    if phase == 2:
        cfg["neck"] = dict(
            type="GroupPromptNeck",
            pool_size=6,
            topk=2,
            prompt_length=prompt_length,
            num_shared_layers=2,
        )
    return cfg


def golden_model(name, phase):
    """Build the model of a golden file, with its weights."""
    cfg = tiny_lpt(phase, norm_cfg=dict(type="LN", eps=1e-5))
    model = MODELS.build(cfg).double()
    weights = Weights(official_checkpoint(name))
    model.load_state_dict(from_official(weights).tensors)
    return model


def official_checkpoint(name, prefix=""):
    """Return the state of a golden file as the authors' code would have saved it."""
    golden, _ = load_golden(name)
    state = {k: v for k, v in golden.items() if k.startswith("state/")}
    return {f"{prefix}{k.removeprefix('state/')}": v for k, v in state.items()}
