"""Runs: groups of sorted rows, made as soon as their last row has come; of the rows no more is kept than those of the groups at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from auroraml.batch import Batch, Index, Mask, concat_batches
from auroraml.executor.operators.accumulating import Accumulated, Found

LITTLE = 16_384  # rows up to which groups wait for more


class Runs:
    """`changes` says where a row of a batch begins a group, `make` makes groups, given their rows and where each begins."""

    def __init__(self, calls: Sequence[Accumulated], changes: Callable[[Batch], Mask], make: Callable[[Batch, Index], Batch | None]) -> None:
        self.calls = calls
        self.changes = changes
        self.make = make
        self.made: list[Batch] = []
        self._begin()

    def _begin(self) -> None:
        self.rows: list[Batch] = []
        self.n = 0
        self.starts: list[Index] = []

    def add(self, batch: Batch, found: Sequence[Found]) -> None:
        """The next rows, and what the calls' expressions are at them."""
        if not batch.n:
            return
        starts = self._starts(batch)
        if not len(starts) or self.n + batch.n < LITTLE:
            self._keep(batch, found, starts)
            return
        first, last = int(starts[0]), int(starts[-1])
        if self.n:
            self._part(batch, found, starts[:0], 0, first)
            self._finish()
        if first < last:
            self._part(batch, found, starts[:-1], first, last)
            self._finish()
        self._part(batch, found, starts[-1:], last, batch.n)

    def result(self) -> Batch | None:
        """All groups."""
        if self.n:
            self._finish()
        return concat_batches(self.made) if self.made else None

    def _starts(self, batch: Batch) -> Index:
        begins = self.changes(batch)
        if self.n:
            last = self.rows[-1]
            begins[0] = self.changes(concat_batches([last.slice(last.n - 1, last.n), batch.slice(0, 1)]))[1]
        return np.flatnonzero(begins)

    def _part(self, batch: Batch, found: Sequence[Found], starts: Index, start: int, stop: int) -> None:
        if start < stop:
            parts = [call.part(one, start, stop) for call, one in zip(self.calls, found, strict=True)]
            self._keep(batch.slice(start, stop), parts, starts - start)

    def _keep(self, rows: Batch, found: Sequence[Found], starts: Index) -> None:
        for call, one in zip(self.calls, found, strict=True):
            call.add(one, self.n, rows.n)
        self.starts.append(starts + self.n)
        self.rows.append(rows)
        self.n += rows.n

    def _finish(self) -> None:
        made = self.make(concat_batches(self.rows), np.concatenate(self.starts))
        if made is not None:
            self.made.append(made)
        for call in self.calls:
            call.forget()
        self._begin()
