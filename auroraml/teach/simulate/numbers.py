"""Drawn: the random numbers of services/numbers.py, of which many can be looked at ahead."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from auroraml.services.numbers import BLOCK, USES, Numbers, generator

MANY = 65_536


class Drawn(Numbers):
    """The numbers of one seed and use; those of a use that services do not know are of its own."""

    def __init__(self, seed: int, use: str) -> None:
        super().__init__(seed, use)
        self._values: npt.NDArray[np.float64] = np.zeros(0)  # what was looked at ahead: it follows the block
        if use not in USES:
            self._generator = np.random.default_rng([seed & (2**64 - 1), len(USES)])

    def ahead(self, n: int, *, normal: bool) -> npt.NDArray[np.float64]:
        """The next `n`, which stay the next ones until they are taken."""
        if self._at < len(self._block):
            self._values = np.concatenate([self._block[self._at :], self._values])
        self._block, self._at = [], 0
        if len(self._values) < n:
            drawn = self._generator = self._generator or generator(self.seed, self.use)
            more = max(n - len(self._values), MANY)
            self._values = np.concatenate([self._values, drawn.standard_normal(more) if normal else drawn.random(more)])
        return self._values[:n]

    def take(self, n: int) -> None:
        """So many of those looked at `ahead` are used; none was drawn since."""
        self._values = self._values[n:]

    def _next(self, *, normal: bool) -> float:
        if self._at == len(self._block) and len(self._values):
            self._block, self._values, self._at = self._values[:BLOCK].tolist(), self._values[BLOCK:], 0
        return super()._next(normal=normal)
