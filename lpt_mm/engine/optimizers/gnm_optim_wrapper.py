"""Steps by the gradient at a noisy point, which lead to flatter minima."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from mmengine.optim import OptimWrapper
from mmpretrain.registry import OPTIM_WRAPPERS
from torch import Tensor, nn

from lpt_mm.utils.errors import UserError

NOISE_STD = 1 / 3
NOISE_SCALE = 0.1  # of the authors, beside rho


@OPTIM_WRAPPERS.register_module()
class GNMOptimWrapper(OptimWrapper):
    """Compute the gradients at weights with noise, and apply them to those without.

    A trained number has ``rho * 0.1 * noise_decay ** (epoch // decay_epochs) * e``
    added, e of a normal distribution of standard deviation 1/3, clamped to +-1; then
    come forward and backward pass, one of each; then it is as before, and the optimizer
    makes its step. The noise depends on run seed and step alone: it is the same in all
    processes, in all batches of a step and after a resume. Source:
    Improving Visual Prompt Tuning by Gaussian Neighborhood Minimization for Long-Tailed
    Visual Recognition (GNM-PT), https://neurips.cc/virtual/2024/poster/96426.

    Args:
        *args: Positional arguments of ``OptimWrapper``.
        rho: Ten times the largest noise, in units of the weights; 0 for none.
        noise_decay: Factor of the noise every ``decay_epochs`` epochs.
        decay_epochs: Epochs between two decays.
        **kwargs: Keyword arguments of ``OptimWrapper``.

    Raises:
        UserError: If ``rho``, ``noise_decay`` or ``decay_epochs`` is out of its range.
    """

    def __init__(
        self,
        *args: object,
        rho: float = 0.05,
        noise_decay: float = 0.5,
        decay_epochs: int = 59,
        **kwargs: object,
    ) -> None:
        super().__init__(*args, **kwargs)
        if not 0 <= rho < float("inf"):
            raise UserError(f"rho must be 0 or more, and finite, got {rho}")
        if not 0 <= noise_decay <= 1:
            raise UserError(f"noise_decay must be in [0, 1], got {noise_decay}")
        if decay_epochs < 1:
            raise UserError(f"decay_epochs must be 1 or more, got {decay_epochs}")
        self.rho = rho
        self.noise_decay = noise_decay
        self.decay_epochs = decay_epochs
        self._clean: list[tuple[Tensor, Tensor]] = []  # weights, and their values

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Add the noise for a forward pass; it stays until the backward pass."""
        try:
            self._add_noise()
            with super().optim_context(model):
                yield
        except BaseException:  # such as Ctrl-C
            self._remove_noise()
            raise

    def backward(self, loss: Tensor, **kwargs: object) -> None:
        """Compute the gradients, and take the noise off."""
        try:
            super().backward(loss, **kwargs)
        finally:
            self._remove_noise()

    @torch.no_grad()
    def _add_noise(self) -> None:
        self._remove_noise()  # of a forward pass that no backward pass followed
        groups = self.optimizer.param_groups
        trained = [p for group in groups for p in group["params"] if p.requires_grad]
        self._clean = [(p, p.clone()) for p in trained]
        generators: dict[torch.device, torch.Generator] = {}
        seed, scale = self._seed(), self._scale()
        for p in trained:
            if p.device not in generators:
                generators[p.device] = torch.Generator(p.device).manual_seed(seed)
            noise = torch.empty_like(p)
            noise.normal_(0, NOISE_STD, generator=generators[p.device]).clamp_(-1, 1)
            p.add_(noise, alpha=scale)

    @torch.no_grad()
    def _remove_noise(self) -> None:
        for p, value in self._clean:
            p.copy_(value)
        self._clean = []

    def _seed(self) -> int:
        """Make a seed of that of the run, and of the first batch of the step."""
        # A runner sets the information; batches of a loop without one are counted.
        info, count = self.message_hub.runtime_info, self._inner_count
        first = info.get("iter", count) - count % self._accumulative_counts
        entropy = np.random.SeedSequence((info.get("seed", 0), first))
        return int(entropy.generate_state(1)[0])

    def _scale(self) -> float:
        """Give the largest noise of the epoch."""
        epoch = self.message_hub.get_info("epoch", 0)  # from 0
        decay = self.noise_decay ** (epoch // self.decay_epochs)
        return self.rho * NOISE_SCALE * decay
