"""Table: columns of all row versions, with the transactions that made and deleted each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import Datum, Index, Vector, concat, from_datums
from auroraml.storage.btree import Growth, key_values
from auroraml.storage.heap import HeapFill
from auroraml.storage.pages import IndexPages, extremes, grown_pages, index_pages, mean_entry, tuple_sizes
from auroraml.storage.transactions import ABORTED, Snapshot
from auroraml.types.pg_type import PgType


class Table:
    """Row versions numbered from 0 for the table's life; columns are appended in chunks and joined when they are read."""

    def __init__(self, types: Sequence[tuple[PgType, PgType | None]]) -> None:
        self.types = list(types)  # with the element type of arrays
        self.columns: list[Vector] = [from_datums(type, [], element) for type, element in self.types]
        self.pending: list[list[Vector]] = [[] for _ in self.types]
        self.made = np.zeros(0, np.int64)
        self.deleted = np.zeros(0, np.int64)
        self.n = 0
        self.version = 0
        self.heap = HeapFill()
        self.built: set[tuple[int, ...]] = set()  # keys of indexes made over rows already there
        self._growth: dict[int, Growth] = {}
        self._trees: dict[tuple[int, ...], tuple[int, IndexPages]] = {}
        self._ends: dict[int, tuple[int, tuple[Datum, Datum] | None]] = {}
        self._seen: tuple[int, int, Index | None] | None = None

    def column(self, i: int) -> Vector:
        """The whole column `i`, all row versions."""
        if self.pending[i]:
            parts = [self.columns[i], *self.pending[i]] if self.columns[i].n else self.pending[i]
            self.columns[i] = concat([part.flat() for part in parts])
            self.pending[i] = []
        return self.columns[i]

    def append(self, vectors: Sequence[Vector], n: int, xid: int) -> Index:
        """Add `n` row versions made by `xid`; their numbers."""
        for pending, vector in zip(self.pending, vectors, strict=True):
            pending.append(vector)
        self.made = np.concatenate([self.made, np.full(n, xid, np.int64)])
        self.deleted = np.concatenate([self.deleted, np.zeros(n, np.int64)])
        self.n += n
        self.version += 1
        return np.arange(self.n - n, self.n)

    def delete(self, rows: Index, xid: int) -> None:
        """Mark row versions as deleted by `xid` (0 takes it back)."""
        self.deleted[rows] = xid
        self.version += 1

    def abort(self, rows: Index) -> None:
        """Row versions that never were."""
        self.made[rows] = ABORTED
        self.version += 1

    def heap_pages(self, attributes: int) -> int:
        """The 8 kB pages that all row versions fill; `attributes` counts dropped columns too."""
        start = self.heap.rows
        if start < self.n:
            fresh = [self.column(i).slice(start, self.n) for i in range(len(self.types))]
            self.heap.add(tuple_sizes(fresh, [type for type, _ in self.types], attributes, self.n - start))
        return self.heap.pages

    def index_pages(self, keys: tuple[int, ...], unique: bool) -> IndexPages:
        """The size of a B-tree over the columns at `keys`, kept until rows are added."""
        found = self._trees.get(keys)
        if found is None or found[0] != self.n:
            made = self._grown(keys[0]) if unique and len(keys) == 1 and keys not in self.built else None
            if made is None:
                made = index_pages([self.column(i) for i in keys], [self.types[i][0] for i in keys], unique)
            found = self._trees[keys] = (self.n, made)
        return found[1]

    def _grown(self, key: int) -> IndexPages | None:
        """The size of a unique index on one column after all inserts; None where its keys do not compare."""
        growth = self._growth.get(key)
        start = 0 if growth is None else growth.rows
        fresh = self.column(key).slice(start, self.n)
        keys = key_values(fresh)
        if keys is None or not fresh.n:
            return None
        if growth is None:
            growth = self._growth[key] = Growth(mean_entry([fresh], [self.types[key][0]]))
        growth.add(keys)
        growth.rows = self.n
        return grown_pages(growth)

    def extremes(self, i: int) -> tuple[Datum, Datum] | None:
        """The least and greatest value of column `i`, kept until rows are added."""
        found = self._ends.get(i)
        if found is None or found[0] != self.n:
            found = self._ends[i] = (self.n, extremes(self.column(i)))
        return found[1]

    def visible(self, snapshot: Snapshot) -> Index | None:
        """The numbers of the rows a snapshot sees; None when it sees all. Kept while nothing changes and no other transaction runs."""
        quiet = not snapshot.running
        key = (self.version, snapshot.version if not quiet else -1)
        if quiet and self._seen is not None and self._seen[:2] == key:
            return self._seen[2]
        alive = self._sees(self.made, snapshot) & ~self._sees(self.deleted, snapshot)
        index = None if alive.all() else np.flatnonzero(alive)
        if quiet:
            self._seen = (*key, index)
        return index

    @staticmethod
    def _sees(xids: np.ndarray, snapshot: Snapshot) -> np.ndarray:
        """Which transaction ids count as done for a snapshot (0 and aborted ones never)."""
        seen = (xids > 0) & (xids < snapshot.top)
        for other in snapshot.running:
            seen &= xids != other
        return seen | (xids == snapshot.own)  # type: ignore[no-any-return] # numpy gives Any
