"""Tokens of training images that prompts start as."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from mmengine import dist
from mmengine.runner import Runner
from mmpretrain.models.classifiers import BaseClassifier
from mmpretrain.utils import get_ori_model
from torch import Tensor
from torch.utils.data import DataLoader, SequentialSampler, Subset

from lpt_mm.engine.training_features import Images, told_by_first
from lpt_mm.models.backbones import PromptedViT
from lpt_mm.utils.errors import UserError


class Picks(NamedTuple):
    """Patch tokens at the input of layers; all are (number of tokens,)."""

    layer: np.ndarray
    image: np.ndarray  # index in the training set
    patch: np.ndarray


def pick_balanced(
    label: np.ndarray,
    num_patches: int,
    layers: range,
    number: int,
    rng: np.random.Generator,
) -> Picks:
    """Draw tokens for each layer, from all classes as evenly as it comes out.

    Within a class each token of its images is as likely; none is drawn twice.

    Args:
        label: (N,) labels of the images.
        num_patches: Patches of an image.
        layers: The layers, which are drawn for alone.
        number: Tokens of each layer.
        rng: All randomness.

    Returns:
        ``number`` tokens of the first layer, then those of the next, and so on.
    """
    members = [np.flatnonzero(label == name) for name in np.unique(label)]
    images, patches = [], []
    for _ in layers:
        share = np.full(len(members), number // len(members))
        share[rng.permutation(len(members))[: number % len(members)]] += 1
        drawn = [
            _draw(own, num_patches, count, rng)
            for own, count in zip(members, share, strict=True)
        ]
        image, patch = np.concatenate(drawn, axis=1)[:, rng.permutation(number)]
        images.append(image)
        patches.append(patch)
    return Picks(
        np.repeat(layers, number), np.concatenate(images), np.concatenate(patches)
    )


def pick_nearest(
    nearest: np.ndarray,
    num_patches: int,
    layers: range,
    number: int,
    rng: np.random.Generator,
) -> Picks:
    """Draw tokens for each layer and group, from the images of the group.

    Args:
        nearest: (M, T) indices of the images of each group.
        num_patches: Patches of an image.
        layers: The layers, which are drawn for alone.
        number: Tokens of each layer and group, none of them twice.
        rng: All randomness.

    Returns:
        ``number`` tokens of each group for the first layer, then for the next.
    """
    drawn = [_draw(own, num_patches, number, rng) for _ in layers for own in nearest]
    layer = np.repeat(layers, len(nearest) * number)
    return Picks(layer, *np.concatenate(drawn, axis=1))


def _draw(
    images: np.ndarray, num_patches: int, number: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw tokens of images without replacement: images and patches, (2, number)."""
    if number > len(images) * num_patches:
        raise UserError(
            f"prompt_init='tokens' needs {number} different tokens of {len(images)} "
            f"images with {num_patches} patches each: lower prompt_length, or set "
            "prompt_init='normal'"
        )
    drawn = rng.choice(len(images) * num_patches, number, replace=False)
    return np.stack([images[drawn // num_patches], drawn % num_patches])


def compute_tokens(runner: Runner, images: Images, picks: Picks) -> Tensor:
    """Compute tokens (number of tokens, D) of a run's model, in one pass.

    The first process computes them, and tells the others.
    """
    tokens = None
    if dist.is_main_process():
        shown = np.unique(picks.image)
        dataset = Subset(images.dataset, shown.tolist())
        cfg = dict(images.cfg, dataset=dataset, sampler=SequentialSampler(dataset))
        loader = runner.build_dataloader(cfg)
        tokens = _read_tokens(get_ori_model(runner.model), loader, shown, picks)
    return told_by_first(tokens)


@torch.no_grad()
def _read_tokens(
    model: BaseClassifier, loader: DataLoader, shown: np.ndarray, picks: Picks
) -> Tensor:
    """Compute tokens of the images of a loader, sorted as ``shown``, on the CPU."""
    model.eval()
    backbone, done = model.backbone, 0
    place = np.searchsorted(shown, picks.image)
    found = torch.empty(len(place), backbone.embed_dims)
    for batch in loader:
        inputs = model.data_preprocessor(batch)["inputs"]
        in_batch = (place >= done) & (place < done + len(inputs))
        for layer, tokens in _inputs_of_layers(backbone, inputs, picks.layer.max()):
            mine = np.flatnonzero(in_batch & (picks.layer == layer))
            found[mine] = tokens[place[mine] - done, picks.patch[mine]].to(found)
        done += len(inputs)
    return found


def _inputs_of_layers(
    backbone: PromptedViT, images: Tensor, last: int
) -> Iterator[tuple[int, Tensor]]:
    """Compute the patch tokens (B, patches, D) that enter each layer up to a last.

    Those of layer 0 are without their positions.
    """
    weight = backbone.patch_embed.projection.weight
    yield 0, backbone.patch_embed(images.to(weight.dtype))[0]
    tokens, _ = backbone.embed(images)
    for layer in range(1, last + 1):
        tokens = backbone.encode(tokens, layer - 1, layer)
        yield layer, tokens[:, backbone.num_extra_tokens :]


@contextmanager
def without_prompts(backbone: PromptedViT) -> Iterator[None]:
    """Run the plain transformer in the meantime."""
    mode, backbone.prompt_mode = backbone.prompt_mode, "none"
    try:
        yield
    finally:
        backbone.prompt_mode = mode
