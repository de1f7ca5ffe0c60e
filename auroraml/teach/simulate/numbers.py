"""Drawn: the random numbers of services/numbers.py, of which many can be looked at ahead."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from auroraml.services.numbers import USES, Numbers, generator

BLOCK = 65_536


class Drawn(Numbers):
    """The numbers of one seed and use; those of a use that services do not know are of its own."""

    def __init__(self, seed: int, use: str) -> None:
        super().__init__(seed, use)
        self._values: npt.NDArray[np.float64] = np.zeros(0)  # as the block, where numbers were looked at ahead
        self._known = self._block
        if use not in USES:
            self._generator = np.random.default_rng([seed & (2**64 - 1), len(USES)])

    def ahead(self, n: int, *, normal: bool) -> npt.NDArray[np.float64]:
        """The next `n`, which stay the next ones until they are taken."""
        if len(self._block) - self._at < n:
            drawn = self._generator = self._generator or generator(self.seed, self.use)
            more = max(n - len(self._block) + self._at, BLOCK)
            self._values = np.concatenate([self._block[self._at :], drawn.standard_normal(more) if normal else drawn.random(more)])
            self._block = self._known = self._values.tolist()
            self._at = 0
        elif self._block is not self._known:  # drawn one by one since
            self._values, self._known = np.array(self._block), self._block
        return self._values[self._at : self._at + n]

    def take(self, n: int) -> None:
        """So many of those looked at `ahead` are used."""
        self._at += n
