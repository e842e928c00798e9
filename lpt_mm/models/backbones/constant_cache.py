"""Results that are computed once, for as long as what they come from stays the same."""

from collections.abc import Callable, Hashable

import torch
from torch import Tensor


class ConstantCache:
    """Remember tensors that depend on nothing but parameters which are not trained.

    A result is computed anew when one of its sources was changed in place, replaced,
    or moved, and under another autocast setting. Changes through ``Tensor.data`` leave
    no trace, and :meth:`clear` is for them; what may be trained is changed so at any
    time, as by an average of weights, and is never remembered. Copies start empty.
    """

    def __init__(self) -> None:
        self._results: dict[Hashable, tuple[tuple, list[Tensor], Tensor]] = {}

    def __reduce__(self) -> tuple:
        return type(self), ()

    def get(
        self, name: Hashable, sources: list[Tensor], compute: Callable[[], Tensor]
    ) -> Tensor:
        """Return a result, from memory where that is allowed.

        Args:
            name: What the result is called.
            sources: All tensors that it depends on.
            compute: Computes it.

        Returns:
            The result; without a graph if it may be remembered.
        """
        trained = any(t.requires_grad for t in sources)
        if trained or torch.compiler.is_compiling():
            return compute()
        device = sources[0].device.type
        state = (
            torch.is_autocast_enabled(device) and torch.get_autocast_dtype(device),
            *((t.data_ptr(), t._version, t.dtype, t.device) for t in sources),
        )
        known, _, result = self._results.get(name, (None, None, None))
        if known != state:
            # A tensor made in inference mode could not be used in training later.
            with torch.inference_mode(False), torch.no_grad():
                result = compute()
            # As long as the sources are held, no other tensor takes their address.
            held = [t.detach() for t in sources]
            self._results[name] = (state, held, result)
        return result

    def clear(self) -> None:
        """Forget all results."""
        self._results.clear()
