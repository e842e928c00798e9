"""The plain reference: LPT as one would write it down, to compare with.

Prompts are concatenated, every block runs on all tokens, the image goes through the
whole transformer twice, and images are read by Pillow and torchvision.
"""

import torch
from mmpretrain.models.classifiers import BaseClassifier
from PIL import Image
from torch import Tensor
from torchvision.transforms import RandomResizedCrop
from torchvision.transforms import functional as F

from lpt_mm.models.classifiers import LPTClassifier
from lpt_mm.utils.errors import UserError


class PlainLPT(LPTClassifier):
    """``LPTClassifier`` that computes its features plainly."""

    def extract_feat(self, inputs: Tensor, stage: str = "neck") -> tuple[Tensor, ...]:
        """Extract the feature (B, D) that is classified, whatever the stage."""
        return self._encode(inputs)[0]

    def _encode(self, inputs: Tensor) -> tuple[tuple[Tensor, ...], Tensor | None]:
        if not self.with_neck:
            return (self._run(inputs, None),), None
        with torch.no_grad():
            query = self._run(inputs, None)
        group_prompts, similarity = self.neck(query)
        return (self._run(inputs, group_prompts),), similarity

    def _run(self, inputs: Tensor, group_prompts: Tensor | None) -> Tensor:
        vit = self.backbone
        tokens, _ = vit.embed(inputs)
        num_tokens = tokens.shape[1]
        for i, layer in enumerate(vit.layers):
            prompts = [vit.shared_prompts[i].expand(len(inputs), -1, -1)]
            if group_prompts is not None and i >= self.neck.num_shared_layers:
                prompts.append(group_prompts[:, i - self.neck.num_shared_layers])
            tokens = layer(torch.cat([tokens, *prompts], dim=1))[:, :num_tokens]
        return vit.ln1(tokens)[:, 0]


def require_plain(model: dict) -> type[BaseClassifier]:
    """Return the class to compare with; a ``ValueError`` says where there is none."""
    backbone = model.get("backbone", {})
    mode = backbone.get("prompt_mode", "deep")
    found = (model["type"], backbone.get("type"), mode)
    if found != ("LPTClassifier", "PromptedViT", "deep"):
        raise UserError(
            "--baseline is for LPTClassifier with a PromptedViT of prompt_mode='deep'"
        )
    return PlainLPT


def plain_crop(path: str, size: int, mean: list[float], std: list[float]) -> Tensor:
    """Make an image (3, size, size) as torchvision's examples do; mean, std of 255."""
    image = RandomResizedCrop(size)(Image.open(path).convert("RGB"))  # bilinear
    if torch.rand(()) < 0.5:
        image = F.hflip(image)
    mean, std = ([value / 255 for value in values] for values in (mean, std))
    return F.normalize(F.to_tensor(image), mean, std)
