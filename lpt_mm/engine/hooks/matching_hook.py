"""How the pool of group prompts is used while it is trained."""

import numpy as np
import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model

from lpt_mm.models.necks import GroupPromptNeck, pool_usage

LITTLE = 0.1  # of the way from no choice at all to a free one


@HOOKS.register_module()
class MatchingHook(Hook):
    """Log the matching of each epoch, and warn once if the pool is hardly used.

    Logged are ``matching_entropy``, the entropy of the groups' usage over log M;
    ``dead_groups``, how many groups no image was matched with; ``co_choice_rank``, of
    how many groups chosen alone the choice is worth; and, of a pool of two groups or
    more, ``key_similarity``, the mean cosine of two keys. All images of an epoch count,
    or those left after a resume. Only a ``GroupPromptNeck`` matches.
    """

    def __init__(self) -> None:
        self.has_warned = False

    def after_train_epoch(self, runner: Runner) -> None:
        """Log the matching of the epoch, and begin to count anew."""
        neck = getattr(get_ori_model(runner.model), "neck", None)
        if not isinstance(neck, GroupPromptNeck):
            return
        co_choice = read_co_choice(neck)
        if not co_choice.any():  # resumed when the epoch had but to be closed
            return
        usage = co_choice.sum(axis=1)
        keys = neck.prompt_keys.detach().cpu().numpy()
        scalars = dict(
            matching_entropy=pool_usage.usage_entropy(usage),
            dead_groups=len(pool_usage.dead_groups(usage)),
            co_choice_rank=pool_usage.co_choice_rank(co_choice),
        )
        if len(keys) > 1:
            scalars["key_similarity"] = pool_usage.key_similarity(keys)[0]
        for name, value in scalars.items():
            runner.message_hub.update_scalar(f"train/{name}", value)
        # LoggerHook is through with this epoch, and there may be no other.
        runner.visualizer.add_scalars(scalars, step=runner.iter)
        # In soft matching an image has all groups, and their shares tell.
        fault = find_fault(co_choice, 1 if neck.matching == "soft" else neck.topk)
        if fault and not self.has_warned:
            self.has_warned = True
            runner.logger.warning(
                f"the pool of {len(usage)} groups {fault}; set "
                "model.neck.key_init='kmeans', model.neck.matching='residual', or a "
                f"lower model.neck.loss_weight (now {neck.loss_weight}) or pool_size"
            )


def find_fault(co_choice: np.ndarray, topk: int) -> str | None:
    """Say what is wrong with a choice of k groups an image, from its (M, M) co-choice.

    It has collapsed if images are hardly told apart: if less than a tenth of the way is
    made from a rank of 1, where all images have the same groups, to that of a free
    choice. It is of fixed sets if less than a tenth of the way is made from the rank of
    disjoint sets, G / k of the G effective groups, to that of a free choice among G. A
    pool where every image has all groups has no fault.
    """
    usage = co_choice.sum(axis=1)
    if topk == len(usage):
        return None
    rank = pool_usage.co_choice_rank(co_choice)
    free = pool_usage.free_rank(len(usage), topk)
    if rank < 1 + LITTLE * (free - 1):
        return (
            f"has collapsed: their choice is worth {rank:.1f} groups, 1 where all "
            f"images have the same ones, {free:.1f} where they are chosen freely"
        )
    used = pool_usage.effective_groups(usage)
    free, fixed = pool_usage.free_rank(used, topk), used / topk
    if topk > 1 and rank < fixed + LITTLE * (free - fixed):
        return (
            f"is chosen in fixed sets: {used:.1f} are in use, but their choice is "
            f"worth {rank:.1f}, as prompts that come together are one prompt"
        )
    return None


def read_co_choice(neck: GroupPromptNeck) -> np.ndarray:
    """Take what all processes chose together, (M, M), and begin to count anew."""
    keys, co_choice = neck.prompt_keys, neck.co_choice
    if co_choice is None:  # no step was made
        co_choice = torch.zeros(len(keys), len(keys), device=keys.device)
    neck.co_choice = None
    all_reduce(co_choice)
    return co_choice.double().cpu().numpy()
