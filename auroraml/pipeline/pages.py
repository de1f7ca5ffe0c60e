"""StoredPages: what the planner and ANALYZE ask about stored tables: pages, index sizes, extremes of indexes."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.batch import Datum
from auroraml.ir.objects import Index, Relation
from auroraml.storage.built import IndexPages
from auroraml.storage.store import Store


class StoredPages:
    """A PageSource over a store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def heap_pages(self, relation: Relation) -> int:
        """The pages of a table, 0 for what has no storage."""
        with self.store.lock:
            table = self.store.tables.get(relation.oid)
            return 0 if table is None else table.heap_pages(len(relation.columns))

    @staticmethod
    def _positions(relation: Relation, numbers: Sequence[int]) -> tuple[int, ...]:
        live = [column.number for column in relation.columns if not column.dropped]
        return tuple(live.index(number) for number in numbers if number)  # expressions are taken to need no room

    def index_pages(self, relation: Relation, index: Index) -> IndexPages:
        """The pages and height of an index."""
        with self.store.lock:
            table = self.store.tables.get(relation.oid)
            if table is None:
                return IndexPages(pages=1, height=0)
            return table.index_pages(self._positions(relation, index.columns), self._positions(relation, index.included), index.unique)

    def built(self, relation: Relation, index: Index) -> None:
        """An index is made over the rows that are there, not row by row."""
        with self.store.lock:
            table = self.store.tables.get(relation.oid)
            if table is not None:
                table.note_built(self._positions(relation, index.columns))

    def extremes(self, relation: Relation, index: Index) -> tuple[Datum, Datum] | None:
        """The least and greatest value of an index's first column; None for an empty one."""
        with self.store.lock:
            table = self.store.tables.get(relation.oid)
            return None if table is None else table.extremes(self._positions(relation, index.columns)[0])
