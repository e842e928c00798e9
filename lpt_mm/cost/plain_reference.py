"""The plain reference: LPT and tunings as one would write them down, to compare with.

Prompts are concatenated, every block runs on all tokens, the image goes through the
whole transformer twice, and images are read by Pillow and torchvision.
"""

from collections.abc import Mapping

import torch
from mmpretrain.models.classifiers import BaseClassifier
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.transforms import RandomResizedCrop
from torchvision.transforms import functional as TF

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
            prompts = []
            if vit.prompt_mode == "deep":
                prompts.append(vit.shared_prompts[i].expand(len(inputs), -1, -1))
            if group_prompts is not None and i >= self.neck.num_shared_layers:
                prompts.append(group_prompts[:, i - self.neck.num_shared_layers])
            tokens = torch.cat([tokens, *prompts], dim=1)
            tuned = vit.tunings[i] if vit.tunings else {}
            tokens = _run_layer(layer, tokens, tuned)[:, :num_tokens]
        return vit.ln1(tokens)[:, 0]


def _run_layer(layer: nn.Module, tokens: Tensor, tuned: Mapping) -> Tensor:
    if not tuned:
        return layer(tokens)
    tokens = tokens + layer.attn(layer.ln1(tokens))
    found = layer.ffn(layer.ln2(tokens), identity=torch.zeros_like(tokens))
    out = tokens + found
    if "adaptformer" in tuned:
        part = tuned["adaptformer"]
        out = out + part.scale * part.up(F.relu(part.down(part.ln(tokens))))
    if "adapter" in tuned:
        part = tuned["adapter"]
        out = out + part.up(F.relu(part.down(part.ln(found))))
    return out


def require_plain(model: dict) -> type[BaseClassifier]:
    """Return the class to compare with; a ``ValueError`` says where there is none."""
    backbone = model.get("backbone", {})
    is_lpt = (model["type"], backbone.get("type")) == ("LPTClassifier", "PromptedViT")
    tunings = [tuning["type"] for tuning in backbone.get("tunings", ())]
    if not is_lpt or backbone.get("prompt_mode") == "shallow" or "LoRA" in tunings:
        raise UserError(
            "--baseline is for LPTClassifier with a PromptedViT of any prompt_mode but "
            "'shallow' and any tunings but LoRA"
        )
    return PlainLPT


def plain_crop(path: str, size: int, mean: list[float], std: list[float]) -> Tensor:
    """Make an image (3, size, size) as torchvision's examples do; mean, std of 255."""
    image = RandomResizedCrop(size)(Image.open(path).convert("RGB"))  # bilinear
    if torch.rand(()) < 0.5:
        image = TF.hflip(image)
    mean, std = ([value / 255 for value in values] for values in (mean, std))
    return TF.normalize(TF.to_tensor(image), mean, std)
