"""Numbers: random numbers of a seed, the nth always the same, drawn in blocks: what simulated services and retries draw from.

Another simulation draws the same numbers from `generator(seed, use)`: latencies take `standard_normal()`, routes and retries `random()`, one
after another; numpy gives the same ones however many are drawn at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auroraml.lazy import load

if TYPE_CHECKING:
    import numpy as np

USES = ("latency", "route", "retry")
BLOCK = 1_024


def generator(seed: int, use: str) -> np.random.Generator:
    """What the numbers of a seed are drawn from."""
    made: np.random.Generator = load("numpy.random").default_rng([seed & (2**64 - 1), USES.index(use)])
    return made


class Numbers:
    """The numbers of one seed and use, in their order."""

    __slots__ = ("_at", "_block", "_generator", "seed", "use")

    def __init__(self, seed: int, use: str) -> None:
        self.seed = seed
        self.use = use
        self._generator: np.random.Generator | None = None
        self._block: list[float] = []
        self._at = 0

    def normal(self) -> float:
        """The next one of the standard normal distribution."""
        return self._next(normal=True)

    def uniform(self) -> float:
        """The next one from 0 to below 1."""
        return self._next(normal=False)

    def _next(self, *, normal: bool) -> float:
        if self._at == len(self._block):
            drawn = self._generator = self._generator or generator(self.seed, self.use)
            self._block = (drawn.standard_normal(BLOCK) if normal else drawn.random(BLOCK)).tolist()
            self._at = 0
        self._at += 1
        return self._block[self._at - 1]
