"""Batch: columns of (source vector, shared row set), gathered on first touch."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from auroraml.batch.vector import Index, Mask, Vector, concat


class Rows:
    """Which rows of a source: a range `start..stop`, or an `index` vector; -1 in a `nullable` index is a NULL row.

    One object is shared by all columns of one origin, so that joins compose row numbers once per origin.
    """

    __slots__ = ("index", "n", "nullable", "start")

    def __init__(self, n: int, start: int = 0, index: Index | None = None, nullable: bool = False) -> None:
        self.n = n
        self.start = start
        self.index = index
        self.nullable = nullable

    @staticmethod
    def range(start: int, stop: int) -> Rows:
        """The consecutive rows from `start` to before `stop`."""
        return Rows(stop - start, start)

    @staticmethod
    def at(index: Index, nullable: bool = False) -> Rows:
        """The rows at `index`."""
        return Rows(len(index), 0, index, nullable)

    def take(self, index: Index, nullable: bool = False) -> Rows:
        """The rows that `index` picks of these ones."""
        if self.index is None:
            picked = index + self.start
            return Rows.at(np.where(index < 0, -1, picked) if nullable else picked, nullable)
        if not nullable:
            return Rows.at(self.index[index], self.nullable)
        return Rows.at(np.where(index < 0, -1, self.index[index]) if len(self.index) else np.full(len(index), -1), True)

    def slice(self, start: int, stop: int) -> Rows:
        """The rows numbered `start` to before `stop` of these ones."""
        if self.index is None:
            return Rows.range(self.start + start, self.start + stop)
        return Rows.at(self.index[start:stop], self.nullable)

    def numbers(self) -> Index:
        """The row numbers as an index vector."""
        return np.arange(self.start, self.start + self.n) if self.index is None else self.index


class Column:
    """A column of a batch: `source` seen through `rows`; `vector` gathers it once and keeps it."""

    __slots__ = ("_vector", "rows", "source")

    def __init__(self, source: Vector, rows: Rows) -> None:
        self.source = source
        self.rows = rows
        self._vector: Vector | None = None

    @property
    def vector(self) -> Vector:
        """The column's values, gathered on first touch."""
        if self._vector is None:
            rows = self.rows
            if rows.index is not None:
                self._vector = self.source.take(rows.index, rows.nullable)
            elif rows.start == 0 and rows.n == self.source.n:
                self._vector = self.source
            else:
                self._vector = self.source.slice(rows.start, rows.start + rows.n)
        return self._vector


class Batch:
    """`n` rows of columns; the only thing operators pass. Immutable."""

    __slots__ = ("columns", "n")

    def __init__(self, columns: Sequence[Column], n: int) -> None:
        self.columns = tuple(columns)
        self.n = n

    @staticmethod
    def of(vectors: Sequence[Vector], n: int) -> Batch:
        """A batch of computed vectors, each its own source."""
        rows = Rows.range(0, n)
        return Batch([Column(vector, rows) for vector in vectors], n)

    def vector(self, i: int) -> Vector:
        """The values of column `i`."""
        return self.columns[i].vector

    def take(self, index: Index, nullable: bool = False) -> Batch:
        """The rows at `index`; composes each distinct row set once and gathers nothing."""
        composed: dict[int, Rows] = {}
        columns = []
        for column in self.columns:
            rows = composed.get(id(column.rows))
            if rows is None:
                rows = composed[id(column.rows)] = column.rows.take(index, nullable)
            columns.append(Column(column.source, rows))
        return Batch(columns, len(index))

    def filter(self, mask: Mask) -> Batch:
        """The rows where `mask` is true."""
        index = np.flatnonzero(mask)
        return self if len(index) == self.n else self.take(index)

    def slice(self, start: int, stop: int) -> Batch:
        """The rows from `start` to before `stop`."""
        if start == 0 and stop >= self.n:
            return self
        stop = min(stop, self.n)
        sliced: dict[int, Rows] = {}
        columns = []
        for column in self.columns:
            rows = sliced.get(id(column.rows))
            if rows is None:
                rows = sliced[id(column.rows)] = column.rows.slice(start, stop)
            columns.append(Column(column.source, rows))
        return Batch(columns, stop - start)

    def drop(self, n: int) -> Batch:
        """All but the first `n` rows."""
        return self.slice(n, self.n)

    def select(self, positions: Sequence[int]) -> Batch:
        """The columns at `positions`, in that order."""
        return Batch([self.columns[i] for i in positions], self.n)

    def beside(self, other: Batch) -> Batch:
        """The columns of both (which have as many rows)."""
        return Batch(self.columns + other.columns, self.n)


def concat_batches(batches: Sequence[Batch]) -> Batch:
    """All rows of `batches` (one or more); columns over one source concatenate their row sets, not their values."""
    if len(batches) == 1:
        return batches[0]
    n = sum(batch.n for batch in batches)
    joined: dict[tuple[int, ...], Rows] = {}
    columns = []
    for parts in zip(*(batch.columns for batch in batches), strict=True):
        if all(part.source is parts[0].source for part in parts):
            key = tuple(id(part.rows) for part in parts)
            rows = joined.get(key)
            if rows is None:
                rows = joined[key] = _concat_rows([part.rows for part in parts])
            columns.append(Column(parts[0].source, rows))
        else:
            columns.append(Column(concat([part.vector for part in parts]), Rows.range(0, n)))
    return Batch(columns, n)


def _concat_rows(parts: Sequence[Rows]) -> Rows:
    if all(part.index is None for part in parts) and all(a.start + a.n == b.start for a, b in itertools.pairwise(parts)):
        return Rows.range(parts[0].start, parts[-1].start + parts[-1].n)
    return Rows.at(np.concatenate([part.numbers() for part in parts]), any(part.nullable for part in parts))
