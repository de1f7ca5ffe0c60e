"""Table: columns of all row versions, who made and deleted each, and indexes over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from auroraml.batch import Datum, Index, Mask, Vector
from auroraml.storage.btree import Growth, key_values
from auroraml.storage.built import IndexPages, built_pages, entry_sizes, sharing
from auroraml.storage.columns import column_of
from auroraml.storage.heap import PAGE, HeapFill
from auroraml.storage.index import EqualityIndex, searchable
from auroraml.storage.pages import extremes, grown_pages, mean_entry, tuple_sizes
from auroraml.storage.tree import Tree, comparable, compares
from auroraml.storage.versions import Versions
from auroraml.types.pg_type import PgType

MANY_VERSIONS = 64  # of one key
T = TypeVar("T")
Directions = tuple[tuple[bool, bool], ...]  # descending, NULLs first: for each key; empty: all ascending, NULLs last


class Table(Versions):
    """Row versions numbered from 0 for the table's life; nothing is moved, so row numbers serve as row ids."""

    def __init__(self, types: Sequence[tuple[PgType, PgType | None]]) -> None:
        super().__init__()
        self.types = list(types)  # with the element type of arrays
        self.columns = [column_of(type, element) for type, element in self.types]
        self.locks: dict[int, int] = {}  # rows locked by SELECT ... FOR UPDATE: the transaction that did
        self._equality: dict[tuple[int, ...], EqualityIndex] = {}
        self.heap = HeapFill()
        self.built: dict[int, int] = {}  # OIDs of indexes made over rows already there: how many rows that were
        self._growth: dict[int, Growth] = {}
        self._trees: dict[object, Tree] = {}
        self._derived: dict[object, tuple[int, object]] = {}

    def column(self, i: int) -> Vector:
        """The whole column `i`, all row versions."""
        return self.columns[i].vector

    def append(self, vectors: Sequence[Vector], n: int, xid: int) -> Index:
        """Add `n` row versions made by `xid`; their numbers."""
        for column, vector in zip(self.columns, vectors, strict=True):
            column.append(vector)
        return self.add(n, xid)

    def append_row(self, values: Sequence[Datum | None], xid: int) -> int:
        """Add one row version; its number."""
        for column, value in zip(self.columns, values, strict=True):
            column.add(value)
        return self.add_one(xid)

    def equality_index(self, columns: tuple[int, ...]) -> EqualityIndex:
        """Rows by the values of `columns`, up to date."""
        found = self._equality.get(columns)
        if found is None:
            found = self._equality[columns] = EqualityIndex()
        if found.n < self.n:
            found.extend([self.column(i) for i in columns], [self.types[i][0] for i in columns], self.n)
        return found

    def rows_of(self, columns: tuple[int, ...], key: object) -> list[int]:
        """The row versions with a key, whoever sees them; where there are many, not those that nobody sees any more."""
        index = self.equality_index(columns)
        found = index.find(key)
        return found if len(found) <= MANY_VERSIONS else index.forget(key, self.is_dead)

    def searchable(self, columns: tuple[int, ...]) -> bool:
        """Whether an equality index on `columns` costs next to nothing."""
        return searchable([self.column(i) for i in columns])

    def note_keys(self, columns: tuple[int, ...], start: int, keys: Sequence[object | None]) -> None:
        """Rows stored from `start` on have these keys, which an equality index need not read again."""
        self._equality[columns].add(start, keys)

    def heap_pages(self, attributes: int, fillfactor: int = 100) -> int:
        """The 8 kB pages that all row versions fill; `attributes` counts dropped columns too."""
        start = self.heap.rows
        if start < self.n:
            fresh = [self.column(i).slice(start, self.n) for i in range(len(self.types))]
            self.heap.slack = PAGE * (100 - fillfactor) // 100
            self.heap.add(tuple_sizes(fresh, [type for type, _ in self.types], attributes, self.n - start))
        return self.heap.pages

    def visible_pages(self, attributes: int, fillfactor: int = 100) -> Mask:
        """For each heap page whether all its rows are known to be visible to all."""
        total = self.heap_pages(attributes, fillfactor)
        if self.visibility is None:
            return np.zeros(total, np.bool_)
        return self.visibility.pages(total, self.n, self.heap.pages_of)

    def index_pages(self, oid: int, keys: tuple[int, ...], included: tuple[int, ...], unique: bool, directions: Directions = ()) -> IndexPages:
        """The size of a B-tree over the columns at `keys`, kept until rows are added."""
        built = oid in self.built
        return self.derived(
            ("pages", keys, included, unique, directions, built), lambda: self._index_pages(keys, included, unique, directions, built)
        )

    def _index_pages(self, keys: tuple[int, ...], included: tuple[int, ...], unique: bool, directions: Directions, built: bool) -> IndexPages:
        if keys and not included and not built:
            simple = unique and len(keys) == 1 and self.types[keys[0]][0].length > 0 and not directions
            grown = self._grown(keys[0]) if simple else self._grown_tree(keys, unique, directions)
            if grown is not None:
                return grown
        columns, types = self.column, self.types
        return built_pages(
            [columns(i) for i in keys], [types[i][0] for i in keys], unique, [columns(i) for i in included], [types[i][0] for i in included]
        )

    def leaf_rows(self, oid: int, keys: tuple[int, ...]) -> int:
        """The entries of each leaf but the last of an index that grew in the order of its keys; 0 for others."""
        growth = self._growth.get(keys[0]) if len(keys) == 1 and oid not in self.built else None
        return growth.kept if growth is not None and growth.inserted == 0 else 0

    def note_built(self, oid: int) -> None:
        """An index is made now, over the rows that are there."""
        if self.n and oid not in self.built:
            self.built[oid] = self.n

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

    def _grown_tree(self, keys: tuple[int, ...], unique: bool, directions: Directions) -> IndexPages | None:
        """The size of an index over several columns or repeated keys after all inserts; None where its keys do not compare."""
        types = [self.types[i][0] for i in keys]
        tree = self.tree((keys, unique, directions), types, unique)
        rows = np.arange(tree.seen, self.n)
        return self.grow(tree, [self.column(i).slice(tree.seen, self.n) for i in keys], types, directions, rows)

    def tree(self, key: object, types: Sequence[PgType], unique: bool) -> Tree:
        """The growth of an index that was there before the rows."""
        return self._trees.setdefault(key, Tree(len(types), not unique and sharing(types)))

    def grow(self, tree: Tree, fresh: Sequence[Vector], types: Sequence[PgType], directions: Directions, rows: Index) -> IndexPages | None:
        """Insert entries for further rows; the size after that, None where the keys do not compare."""
        if not all(compares(vector) for vector in fresh):
            return None
        take = tree.wanted(len(rows))
        taken = [vector.slice(0, take) for vector in fresh]
        values = [comparable(vector, *direction) for vector, direction in zip(taken, directions or [(False, False)] * len(taken), strict=True)]
        tree.add(values, [entry_sizes(taken[: i + 1], types[: i + 1]).tolist() for i in range(len(taken))], rows[:take].tolist(), len(rows))
        tree.seen = self.n
        return tree.size if tree.rows and (tree.whole or not tree.rising) else None

    def extremes(self, i: int) -> tuple[Datum, Datum] | None:
        """The least and greatest value of column `i`, kept until rows are added."""
        return self.derived(("extremes", i), lambda: extremes(self.column(i)))

    @property
    def equality_keys(self) -> frozenset[tuple[int, ...]]:
        """The column sets that have an equality index by now."""
        return frozenset(self._equality)

    def knows(self, key: object) -> bool:
        """Whether something that is derived is at hand."""
        found = self._derived.get(key)
        return found is not None and found[0] == self.n

    def derived(self, key: object, make: Callable[[], T]) -> T:
        """Something computed from all row versions, kept until rows are added."""
        found = self._derived.get(key)
        if found is None or found[0] != self.n:
            found = self._derived[key] = (self.n, make())
        return found[1]  # type: ignore[return-value] # what `make` made for this key
