"""Batch: columns of (source vector, shared row set), gathered on first touch."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from auroraml.batch.making import concat
from auroraml.batch.narrow import masked
from auroraml.batch.numbers import all_of, numbers, true_places
from auroraml.batch.selection import Selection, is_dense
from auroraml.batch.vector import FixedVector, Index, Mask, TextVector, Vector

FEW = 1_024  # rows of which it does not matter whether they are a range


def _consecutive(index: Index) -> bool:
    return bool((np.diff(index) == 1).all())


def _evenly(index: Index) -> bool:
    """Whether some of an index, all over it, are as far from each other as they would be in a range: a look that tells most others apart."""
    step = len(index) // FEW
    return bool((np.diff(index[::step]) == step).all())


class Rows:
    """Which rows of a source: a range `start..stop`, or an `index` vector; -1 in a `nullable` index is a NULL row.

    `mask`, where it is known, says which rows from `start` on they are; the index is then made when it is asked for.

    One object is shared by all columns of one origin, so that joins compose row numbers once per origin.
    """

    __slots__ = ("_index", "_picked", "ascending", "mask", "n", "nullable", "start")

    def __init__(
        self, n: int, start: int = 0, index: Index | None = None, nullable: bool = False, mask: Mask | None = None, ascending: bool = False
    ) -> None:  # fmt: skip
        self.n = n
        self.start = start
        self._index = index
        self.nullable = nullable
        self.mask = mask
        self.ascending = ascending  # an index that is known to be, and has no number twice
        self._picked: tuple[Index, Index] | None = None

    @property
    def is_range(self) -> bool:
        """Whether they are consecutive for sure."""
        return self._index is None and self.mask is None

    @property
    def dense(self) -> bool:
        """Whether they are most of a stretch, and are known by a mask alone."""
        return self._index is None and self.mask is not None and is_dense(self.n, len(self.mask))

    @property
    def index(self) -> Index | None:
        """The row numbers, None for a range."""
        if self._index is None and self.mask is not None:
            index = true_places(self.mask)
            if self.start:
                index += self.start
            self._index = index  # once it is whole: other threads may look
        return self._index

    @staticmethod
    def range(start: int, stop: int) -> Rows:
        """The consecutive rows from `start` to before `stop`."""
        return Rows(stop - start, start)

    @staticmethod
    def at(index: Index, nullable: bool = False) -> Rows:
        """The rows at `index`."""
        return Rows(len(index), 0, index, nullable)

    @staticmethod
    def rising(index: Index) -> Rows:
        """The rows at `index`, which is ascending and has no number twice: parts of it, and it itself, may be ranges."""
        n = len(index)
        if n and int(index[-1]) - int(index[0]) == n - 1:
            return Rows.range(int(index[0]), int(index[0]) + n)
        return Rows(n, 0, index, ascending=True)

    @staticmethod
    def lying(index: Index) -> Rows:
        """The rows at `index`: a range where they are one."""
        n = len(index)
        if n < FEW or int(index[-1]) - int(index[0]) != n - 1 or not _consecutive(index[:FEW]) or not _evenly(index) or not _consecutive(index):
            return Rows.at(index)
        return Rows.range(int(index[0]), int(index[0]) + n)

    def where(self, chosen: Selection) -> Rows:
        """The chosen ones of these rows."""
        if not self.is_range:
            if chosen.dense and self.index is not None:
                return Rows.at(self.index[chosen.mask], self.nullable)
            return self.take(chosen.places)
        if chosen.sparse:
            return Rows.rising(chosen.places + self.start if self.start else chosen.places)
        return Rows(chosen.count, self.start, mask=chosen.mask)

    def picked(self, index: Index, numbers: Index) -> None:
        """Say what the numbers are of the rows that `index` is going to pick, so that not all need be known for it."""
        self._picked = index, numbers

    def take(self, index: Index, nullable: bool = False) -> Rows:
        """The rows that `index` picks of these ones."""
        known = self._picked
        if known is not None and known[0] is index and not nullable:
            return Rows.at(known[1])
        if self.index is None:
            if self.start == 0:
                return Rows.at(index, nullable)
            picked = index + self.start
            return Rows.at(np.where(index < 0, -1, picked) if nullable else picked, nullable)
        if not nullable:
            return Rows.at(self.index.take(index, mode="clip") if len(self.index) else self.index[index], self.nullable)
        return Rows.at(np.where(index < 0, -1, self.index[index]) if len(self.index) else np.full(len(index), -1), True)

    def slice(self, start: int, stop: int) -> Rows:
        """The rows numbered `start` to before `stop` of these ones."""
        if start == 0 and stop == self.n:
            return self
        if self.index is None:
            return Rows.range(self.start + start, self.start + stop)
        return Rows.rising(self.index[start:stop]) if self.ascending else Rows.at(self.index[start:stop], self.nullable)

    def ends(self) -> tuple[int, int]:
        """The first row and the last one (of one or more)."""
        if self.mask is not None and self._index is None:
            return self.start + int(self.mask.argmax()), self.start + len(self.mask) - 1 - int(self.mask[::-1].argmax())
        return (self.start, self.start + self.n - 1) if self.index is None else (int(self.index[0]), int(self.index[-1]))

    def marked(self) -> Mask:
        """Which rows from the first to the last one these are, of rows that ascend."""
        first, last = self.ends()
        if self.mask is not None:
            return self.mask[first - self.start : last + 1 - self.start]
        made = np.zeros(last + 1 - first, np.bool_)
        made[self.numbers() - first] = True
        return made

    def numbers(self) -> Index:
        """The row numbers as an index vector."""
        if self.index is not None:
            return self.index
        return np.arange(self.start, self.start + self.n) if self.start else numbers(self.n)


class Column:
    """A column of a batch: `source` seen through `rows`; `vector` gathers it once and keeps it."""

    __slots__ = ("_vector", "rows", "source")

    def __init__(self, source: Vector, rows: Rows, vector: Vector | None = None) -> None:
        self.source = source
        self.rows = rows
        self._vector = vector

    @property
    def touched(self) -> bool:
        """Whether the values have been gathered."""
        return self._vector is not None

    @property
    def vector(self) -> Vector:
        """The column's values, gathered on first touch."""
        if self._vector is None:
            rows = self.rows
            if rows.mask is not None and rows.dense and (kept := masked(self.source, rows.start, rows.mask)) is not None:
                self._vector = kept
            elif rows.index is not None:
                source = self.source
                take = source.repeated if isinstance(source, TextVector) else source.take
                self._vector = take(rows.index, rows.nullable)
            elif rows.start == 0 and rows.n == self.source.n:
                self._vector = self.source
            else:
                self._vector = self.source.slice(rows.start, rows.start + rows.n)
        return self._vector


class Batch:
    """`n` rows of columns; the only thing operators pass. Immutable.

    `owner` is the hidden column outer#: the number of the loop each row belongs to, where a plan runs for many outer rows at once.
    """

    __slots__ = ("columns", "n", "owner")

    def __init__(self, columns: Sequence[Column], n: int, owner: Column | None = None) -> None:
        self.columns = tuple(columns)
        self.n = n
        self.owner = owner

    def owned(self, owners: Index) -> Batch:
        """The same rows, row i belonging to loop `owners[i]`."""
        return Batch(self.columns, self.n, Column(FixedVector(owners), Rows.range(0, self.n)))

    @property
    def owners(self) -> Index:
        """The loop of each row (all of loop 0 where none is known)."""
        if self.owner is None:
            return np.zeros(self.n, np.int64)
        vector = self.owner.vector
        assert isinstance(vector, FixedVector)
        return vector.values

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
        if all_of(index, self.n):
            return self
        return self._moved(len(index), lambda rows: rows.take(index, nullable))

    def _moved(self, n: int, move: Callable[[Rows], Rows]) -> Batch:
        composed: dict[Rows, Rows] = {}
        columns: list[Column] = []
        before = after = None
        for column in self.columns if self.owner is None else (*self.columns, self.owner):
            if column.rows is not before or after is None:
                before = column.rows
                after = composed.get(before)
                if after is None:
                    after = composed[before] = move(before)
            columns.append(Column(column.source, after))
        return Batch(columns, n, None if self.owner is None else columns.pop())

    def filter(self, mask: Mask) -> Batch:
        """The rows where `mask` is true."""
        return self.chosen(Selection.by_mask(mask))

    def chosen(self, chosen: Selection) -> Batch:
        """The rows that are chosen."""
        return self if chosen.every else self._moved(chosen.count, lambda rows: rows.where(chosen))

    def slice(self, start: int, stop: int) -> Batch:
        """The rows from `start` to before `stop`."""
        if start == 0 and stop >= self.n:
            return self
        stop = min(stop, self.n)
        return self._moved(stop - start, lambda rows: rows.slice(start, stop))

    def drop(self, n: int) -> Batch:
        """All but the first `n` rows."""
        return self.slice(n, self.n)

    def select(self, positions: Sequence[int]) -> Batch:
        """The columns at `positions`, in that order."""
        return Batch([self.columns[i] for i in positions], self.n, self.owner)

    def knowing(self, i: int, vector: Vector) -> Batch:
        """The same rows, the values of column `i` being known."""
        column = self.columns[i]
        columns = list(self.columns)
        columns[i] = Column(column.source, column.rows, vector)
        return Batch(columns, self.n, self.owner)

    def beside(self, other: Batch) -> Batch:
        """The columns of both (which have as many rows)."""
        return Batch(self.columns + other.columns, self.n, self.owner or other.owner)


def concat_batches(batches: Sequence[Batch]) -> Batch:
    """All rows of `batches` (one or more); columns over one source concatenate their row sets, not their values."""
    if len(batches) == 1:
        return batches[0]
    n = sum(batch.n for batch in batches)
    joined: dict[tuple[int, ...], Rows] = {}

    def column_of(parts: Sequence[Column]) -> Column:
        if all(part.source is parts[0].source for part in parts):
            key = tuple(id(part.rows) for part in parts)
            rows = joined.get(key)
            if rows is None:
                rows = joined[key] = _concat_rows([part.rows for part in parts])
            return Column(parts[0].source, rows)
        return Column(concat([part.vector for part in parts]), Rows.range(0, n))

    owners = [batch.owner for batch in batches if batch.owner is not None]
    owner = column_of(owners) if len(owners) == len(batches) else None
    return Batch([column_of(parts) for parts in zip(*(batch.columns for batch in batches), strict=True)], n, owner)


def _concat_rows(parts: Sequence[Rows]) -> Rows:
    if all(part.is_range for part in parts) and all(a.start + a.n == b.start for a, b in itertools.pairwise(parts)):
        return Rows.range(parts[0].start, parts[-1].start + parts[-1].n)
    if all(part.dense and part.mask is not None for part in parts) and all(_follows(a, b) for a, b in itertools.pairwise(parts)):
        return Rows(sum(part.n for part in parts), parts[0].start, mask=np.concatenate([part.mask for part in parts if part.mask is not None]))
    return Rows.at(np.concatenate([part.numbers() for part in parts]), any(part.nullable for part in parts))


def _follows(rows: Rows, others: Rows) -> bool:
    """Whether the stretch of which a mask chooses begins where that of other rows ends."""
    return rows.mask is not None and rows.start + len(rows.mask) == others.start
