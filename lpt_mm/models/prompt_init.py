"""Where prompts start."""

from math import sqrt

from mmengine.model.weight_init import trunc_normal_
from torch import Tensor, nn

from lpt_mm.utils.errors import UserError


def start_prompts(prompts: Tensor, prompt_init: str, patch_size: int = 1) -> None:
    """Fill prompts (..., D) with what they start from.

    Args:
        prompts: The prompts.
        prompt_init: ``'uniform'``, between ``+-sqrt(6 / (3 patch_size^2 + D))`` as in
            Visual Prompt Tuning, https://arxiv.org/abs/2203.12119; else truncated
            normal, also for ``'tokens'`` until a hook has set them.
        patch_size: Side of a patch in pixels.
    """
    if prompt_init == "uniform":
        bound = sqrt(6 / (3 * patch_size**2 + prompts.shape[-1]))
        nn.init.uniform_(prompts, -bound, bound)
    else:
        trunc_normal_(prompts, std=0.02)


def require_prompts(module: nn.Module, hook: str) -> None:
    """Refuse to train a module whose prompts are to start as tokens, and do not."""
    if module.training and not module.prompts_set:
        raise UserError(
            f"{type(module).__name__} has prompt_init='tokens', but nothing has set "
            f"the prompts: add dict(type={hook!r}) to custom_hooks or set "
            "prompt_init='normal'"
        )
