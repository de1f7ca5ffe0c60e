"""A numpy array that grows."""

from __future__ import annotations

import numpy as np


class Buffer:
    """A numpy array with spare capacity; `view` is its used part, which later growth does not disturb."""

    __slots__ = ("array", "n")

    def __init__(self, dtype: np.dtype | type) -> None:
        self.array = np.zeros(16, dtype)
        self.n = 0

    def extend(self, values: np.ndarray) -> None:
        """Append `values`."""
        wanted = self.n + len(values)
        if wanted > len(self.array):
            grown = np.zeros(max(wanted, 2 * len(self.array)), self.array.dtype)
            grown[: self.n] = self.array[: self.n]
            self.array = grown
        self.array[self.n : wanted] = values
        self.n = wanted

    def widen(self, dtype: np.dtype) -> None:
        """Keep values of another type from now on, those of before too."""
        if self.array.dtype != dtype:
            self.array = self.array.astype(dtype)

    @property
    def view(self) -> np.ndarray:
        """The values so far."""
        return self.array[: self.n]
