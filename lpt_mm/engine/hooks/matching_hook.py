"""How the pool of group prompts is used while it is trained."""

import numpy as np
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model

from lpt_mm.models.necks import GroupPromptNeck, pool_usage


@HOOKS.register_module()
class MatchingHook(Hook):
    """Log the matching of each epoch, and warn once if the pool collapses.

    Logged are ``matching_entropy``, the entropy of the groups' usage over log M;
    ``dead_groups``, how many groups no image was matched with; and, of a pool of two
    groups or more, ``key_similarity``, the mean cosine of two keys. All images of an
    epoch count, or those left after a resume. Only a ``GroupPromptNeck`` matches.
    """

    def __init__(self) -> None:
        self.has_warned = False

    def after_train_epoch(self, runner: Runner) -> None:
        """Log the matching of the epoch, and begin to count anew."""
        neck = getattr(get_ori_model(runner.model), "neck", None)
        if not isinstance(neck, GroupPromptNeck):
            return
        usage = read_usage(neck)
        if not usage.any():  # resumed when the epoch had but to be closed
            return
        keys = neck.prompt_keys.detach().cpu().numpy()
        scalars = dict(
            matching_entropy=pool_usage.usage_entropy(usage),
            dead_groups=len(pool_usage.dead_groups(usage)),
        )
        if len(keys) > 1:
            scalars["key_similarity"] = pool_usage.key_similarity(keys)[0]
        for name, value in scalars.items():
            runner.message_hub.update_scalar(f"train/{name}", value)
        # LoggerHook is through with this epoch, and there may be no other.
        runner.visualizer.add_scalars(scalars, step=runner.iter)
        if is_collapsed(usage, neck.topk) and not self.has_warned:
            self.has_warned = True
            used = pool_usage.effective_groups(usage)
            runner.logger.warning(
                f"the pool of {len(usage)} groups has collapsed: its matches are worth "
                f"{used:.1f} groups used equally, where each image is given "
                f"{neck.topk}; set model.neck.key_init='kmeans', or a lower "
                f"model.neck.loss_weight (now {neck.loss_weight}) or pool_size"
            )


def is_collapsed(usage: np.ndarray, topk: int) -> bool:
    """Tell from the (M,) matches of each group whether images are hardly told apart.

    The effective number of groups is k where all images have the same groups, and M
    where all groups are used equally. It counts as a collapse if less than a tenth of
    the way from k to M is made: below 3.8 groups for M = 20 and k = 2. A pool where
    every image has all groups never collapses.
    """
    to_choose = len(usage) - topk
    used = pool_usage.effective_groups(usage)
    return to_choose > 0 and used < topk + 0.1 * to_choose


def read_usage(neck: GroupPromptNeck) -> np.ndarray:
    """Take the counts of all processes, (M,) a number per group, and set them to 0."""
    usage = neck.usage.clone()
    neck.usage.zero_()
    all_reduce(usage)
    return usage.cpu().numpy()
