"""VisibilityMap: which heap pages hold only rows that everybody sees, since the last VACUUM (visibilitymap.c)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from auroraml.batch import Index, Mask


class VisibilityMap:
    """A VACUUM of the first `rows` row versions, of which `gone` left the indexes; later rows and deletions clear their pages' bits."""

    def __init__(self, rows: int, gone: Mask | None) -> None:
        self.rows = rows
        self.gone = gone
        self.disturbed: list[Index] = []

    def disturb(self, rows: Index) -> None:
        """Rows were deleted or replaced."""
        self.disturbed.append(rows)

    def pages(self, total: int, n: int, pages_of: Callable[[Index], Index]) -> Mask:
        """For each of `total` pages whether its bit is set; the table has `n` row versions now."""
        bits = np.zeros(total, np.bool_)
        if self.rows:
            bits[: int(pages_of(np.arange(self.rows)).max()) + 1] = True
        if n > self.rows:
            bits[pages_of(np.arange(self.rows, n))] = False
        for rows in self.disturbed:
            bits[pages_of(rows)] = False
        return bits

    def left(self, rows: Index) -> Mask:
        """Which of these row versions indexes still lead to."""
        kept = np.ones(len(rows), np.bool_)
        if self.gone is not None:
            old = rows < len(self.gone)
            kept[old] = ~self.gone[rows[old]]
        return kept
