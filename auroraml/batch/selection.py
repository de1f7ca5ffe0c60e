"""Selection: which of some rows are chosen, by mask or by their places; the form that was not found is made when asked for."""

from __future__ import annotations

import numpy as np

from auroraml.batch.numbers import numbers, true_places
from auroraml.batch.vector import Index, Mask

DENSE = 50  # a mask that leaves out fewer than one row in so many is copied by in long stretches


class Selection:
    """`count` of `n` rows, by a mask or by their places in ascending order."""

    __slots__ = ("_mask", "_places", "count", "n")

    def __init__(self, n: int, count: int, mask: Mask | None = None, places: Index | None = None) -> None:
        self.n = n
        self.count = count
        self._mask = mask
        self._places = places

    @staticmethod
    def by_mask(mask: Mask, count: int | None = None) -> Selection:
        """The rows where `mask` is true, `count` where that is known."""
        return Selection(len(mask), int(np.count_nonzero(mask)) if count is None else count, mask)

    @staticmethod
    def at(places: Index, n: int) -> Selection:
        """The rows at `places` of `n`."""
        return Selection(n, len(places), None, places)

    @property
    def every(self) -> bool:
        """Whether all rows are chosen."""
        return self.count == self.n

    @property
    def sparse(self) -> bool:
        """Whether their places are known, and no mask."""
        return self._mask is None and self._places is not None

    @property
    def dense(self) -> bool:
        """Whether copying by the mask takes less than finding places."""
        return self._places is None and self._mask is not None and is_dense(self.count, self.n)

    @property
    def mask(self) -> Mask:
        """Which rows are chosen."""
        if self._mask is None:
            if self._places is None or self.count == self.n:
                return np.ones(self.n, np.bool_)
            self._mask = np.zeros(self.n, np.bool_)
            self._mask[self._places] = True
        return self._mask

    @property
    def places(self) -> Index:
        """Where the chosen rows are."""
        if self._places is None:
            self._places = numbers(self.n) if self._mask is None or self.count == self.n else true_places(self._mask)
        return self._places

    def reached(self, k: int) -> int:
        """How many rows there are up to and with the k-th chosen one."""
        if not k or self.count == self.n:
            return k
        if k == self.count and self._places is None and self._mask is not None:
            return _last(self._mask) + 1
        return int(self.places[k - 1]) + 1

    def within(self, places: Index, n: int) -> Selection:
        """The rows chosen of those at `places` of `n`."""
        if self.count == self.n:
            return Selection.at(places, n)
        return Selection.at(places[self._mask] if self._places is None else places.take(self._places, mode="clip"), n)


def is_dense(count: int, n: int) -> bool:
    """Whether `count` of `n` rows are so many that numpy copies them fastest by their mask."""
    return (n - count) * DENSE < n


def _last(mask: Mask) -> int:
    """Where a mask that is true somewhere is so last; looked for from the end in growing steps."""
    stop, step = len(mask), 64
    while True:
        start = max(stop - step, 0)
        part = mask[start:stop][::-1]
        if (place := int(part.argmax())) or bool(part[0]):
            return stop - 1 - place
        stop, step = start, step * 4
