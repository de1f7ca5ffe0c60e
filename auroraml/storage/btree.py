"""B-tree growth: how many leaf pages an index has after its keys were inserted in their order (nbtinsert.c, nbtsplitloc.c)."""

from __future__ import annotations

from bisect import bisect_right, insort
from itertools import pairwise
from typing import Any

import numpy as np

from auroraml.batch import FixedVector, NumericVector, RangeVector, TextVector, Vector
from auroraml.storage.heap import LINE_POINTER, ROOM
from auroraml.types.bounds import range_order

LEAF_ROOM = ROOM - 16  # a B-tree page ends with 16 bytes of its own
SIMULATED = 40_000  # keys out of order are inserted one by one; beyond so many, pages grow in proportion
Keys = Any  # a sorted list or numpy array of one page's keys


class Growth:
    """The leaf pages of an index over single distinct keys of about one size, `entry` bytes with the line pointer."""

    def __init__(self, entry: int) -> None:
        self.entry = entry
        self.last_room = LEAF_ROOM // entry  # the rightmost page has no high key
        self.room = (LEAF_ROOM - entry) // entry
        total = (self.last_room + 1) * entry
        self.kept = round((0.8 * LEAF_ROOM + 0.1 * total - 0.9 * entry) / entry)  # a split of the rightmost page leaves it 90 % full
        self.lows: list[Any] = []
        self.pages: list[Keys] = []
        self.rows = 0
        self.inserted = 0
        self.simulated = 0

    @property
    def leaves(self) -> int:
        """Leaf pages by now."""
        if self.rows > self.simulated > 0:
            return round(len(self.pages) * self.rows / self.simulated)
        return max(len(self.pages), 1)

    def add(self, keys: np.ndarray | list[Any]) -> None:
        """Insert keys in this order."""
        n = len(keys)
        self.rows += n
        if not n or self.rows - n > self.simulated:
            return
        if self._rising(keys):
            self._append(keys)
            self.simulated += n
            return
        keys = keys[: max(SIMULATED - self.inserted, 0)]
        self.inserted += len(keys)
        self.simulated += len(keys)
        for key in keys.tolist() if isinstance(keys, np.ndarray) else keys:  # where a key goes depends on the splits before it
            self._insert(key)

    def _rising(self, keys: np.ndarray | list[Any]) -> bool:
        if self.pages and not keys[0] > self.pages[-1][-1]:
            return False
        if isinstance(keys, np.ndarray):
            return bool((keys[1:] > keys[:-1]).all())
        return all(a < b for a, b in pairwise(keys))

    def _append(self, keys: np.ndarray | list[Any]) -> None:
        """Rising keys all go to the rightmost page."""
        last = self.pages.pop() if self.pages else keys[:0]
        if self.lows:
            self.lows.pop()
        waiting = np.concatenate([np.asarray(last, keys.dtype), keys]) if isinstance(keys, np.ndarray) else [*last, *keys]
        start = 0
        while len(waiting) - start > self.last_room:
            self._page(waiting[start : start + self.kept])
            start += self.kept
        self._page(waiting[start:])

    def _page(self, keys: Keys) -> None:
        self.lows.append(keys[0])
        self.pages.append(keys)

    def _insert(self, key: Any) -> None:
        if not self.pages:
            self._page([key])
            return
        place = max(bisect_right(self.lows, key) - 1, 0)
        page = self.pages[place]
        if not isinstance(page, list):
            page = self.pages[place] = page.tolist()
        insort(page, key)
        last = place == len(self.pages) - 1
        if len(page) <= (self.last_room if last else self.room):
            return
        cut = self.kept if last else len(page) // 2
        self.pages[place : place + 1] = [page[:cut], page[cut:]]
        self.lows[place : place + 1] = [page[0], page[cut]]


def entry_size(key: int) -> int:
    """Bytes of a leaf entry with its line pointer, for a key of so many bytes."""
    return (8 + key + 7 & ~7) + LINE_POINTER


def key_values(vector: Vector) -> np.ndarray | list[Any] | None:
    """The keys that are not NULL in insertion order, as values that compare; None where they do not."""
    flat = vector.flat()
    known = flat if flat.validity is None else flat.filter(flat.validity)
    if isinstance(known, FixedVector):
        return known.values if known.values.dtype.names is None else None
    if isinstance(known, TextVector):
        return [value.encode() if isinstance(value, str) else value for value in known.values.to_pylist()]
    if isinstance(known, RangeVector):
        return range_order(known)
    return list(known.datums()) if isinstance(known, NumericVector) else None
