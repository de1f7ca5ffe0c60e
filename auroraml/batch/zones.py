"""Zones: the least and greatest of each 65,536 values of a stored column of whole numbers, by which scans skip rows that no condition lets through."""

from __future__ import annotations

import numpy as np

from auroraml.batch.vector import Index, Mask

ZONE = 65_536


class Zones:
    """Found when first asked for and kept: stored values never change, only the zone that is still filling up has none."""

    __slots__ = ("_known", "answers", "kept", "steps")

    def __init__(self) -> None:
        none = np.zeros(0, np.int64)
        self._known: tuple[Index, Index] = none, none  # put in place in one step: other threads read it
        self.answers: dict[
            tuple[str, int], tuple[Mask, Mask]
        ] = {}  # by comparison: what it says of each full zone, as a scan asks for each of its parts
        self.kept: tuple[int, object] = -1, None  # something made of so many of the values
        self.steps: tuple[int, int] = 0, 0  # of so many of the values, which never fall: how many different ones there are; -1 where they fall

    def bounds(self, values: np.ndarray) -> tuple[Index, Index]:
        """Least and greatest of each full zone of `values` (zeros under NULLs count)."""
        lo, hi = self._known
        known, full = len(lo), len(values) // ZONE
        if full > known:
            fresh = values[known * ZONE : full * ZONE].reshape(-1, ZONE)
            lo = np.concatenate([lo, fresh.min(axis=1).astype(np.int64)])
            hi = np.concatenate([hi, fresh.max(axis=1).astype(np.int64)])
            self._known = lo, hi
        return lo[:full], hi[:full]
